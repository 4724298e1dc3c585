import "reflect-metadata";
import { Body, Controller, HttpCode, Inject, Module, Post } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import { defineTrigger, functionRunner, type SegmentSource, type Storage, type WorkflowFunction } from "bellwire";
import { SEGMENT_SOURCE, SegmentModule } from "./segment.module.js";

export interface Deps {
  readonly port: number;
  readonly webhookToken: string;
  readonly sharedSecret: string;
  readonly storage: Storage;
  readonly sendWelcome: WorkflowFunction;
}

/** A route of the host application, whose JSON bodies Nest goes on parsing. */
@Controller("users")
class UsersController {
  @Inject(SEGMENT_SOURCE) private readonly source!: SegmentSource;

  @Post()
  @HttpCode(200)
  async create(@Body() user: { id: string; email: string }): Promise<{ status: string }> {
    return this.source.users.identify(user);
  }
}

export async function start({ port, webhookToken, sharedSecret, storage, sendWelcome }: Deps) {
  const segment = SegmentModule.forRoot({
    environments: { production: { webhookToken, sharedSecrets: [sharedSecret] } },
    storage,
    runner: functionRunner({ welcome: sendWelcome }),
    triggers: [defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" })],
  });

  @Module({ imports: [segment], controllers: [UsersController] })
  class AppModule {}

  // Nest parses bodies before any middleware of a module; `rawBody` keeps the bytes that Segment's signature covers.
  const app = await NestFactory.create<NestExpressApplication>(AppModule, { rawBody: true, logger: ["error", "warn"] });
  app.useBodyParser("json", { limit: "5mb" }); // a batch of Segment's is larger than the 100 KB that Nest takes by default
  app.enableShutdownHooks();
  await app.listen(port, "127.0.0.1");
  return { url: await app.getUrl(), source: app.get<SegmentSource>(SEGMENT_SOURCE), close: () => app.close() };
}
