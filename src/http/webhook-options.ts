import type { Duration } from "../core/duration.js";
import type { Logger } from "../core/logger.js";

export interface WebhookOptions {
  /** Takes every request to belong to this environment, whatever the path says. */
  readonly environment?: string;
  /**
   * Where the webhook is mounted: `"/webhooks/segment"`. What follows it has to be an environment of the source, also where there is only
   * one. Express's `app.use` and Fastify's `prefix` say it by themselves.
   */
  readonly basePath?: string;
  /** Bytes of a body, before and after decompression. @default 5 MB, which is more than Segment sends */
  readonly maxBodyBytes?: number;
  /** How long a body may take to arrive. @default "10s" */
  readonly bodyTimeout?: Duration;
  /** Told of refused requests and of failures; never of payloads or credentials. @default that of the source */
  readonly logger?: Logger;
}
