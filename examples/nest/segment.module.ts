import {
  type DynamicModule,
  Inject,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  type OnApplicationShutdown,
} from "@nestjs/common";
import { createSegmentSource, type SegmentSource, type SegmentSourceOptions } from "bellwire";
import { segmentWebhook } from "bellwire/express";

/** Inject it to identify users, preview or replay: `@Inject(SEGMENT_SOURCE) source: SegmentSource`. */
export const SEGMENT_SOURCE = Symbol("SegmentSource");

/** The source as a provider, its webhook as a route, and its end together with the application's. */
@Module({})
export class SegmentModule implements NestModule, OnApplicationShutdown {
  @Inject(SEGMENT_SOURCE) private readonly source!: SegmentSource;

  static forRoot(options: SegmentSourceOptions): DynamicModule {
    const source = { provide: SEGMENT_SOURCE, useFactory: () => createSegmentSource(options) };
    return { module: SegmentModule, global: true, providers: [source], exports: [source] };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(segmentWebhook(this.source)).forRoutes("webhooks/segment/:environment/:token");
  }

  async onApplicationShutdown(): Promise<void> {
    await this.source.close();
  }
}
