import type { Duration } from "../core/duration.js";
import { BellwireError, configInvalid } from "../core/errors.js";
import type { Logger } from "../core/logger.js";
import {
  anything,
  checkOptions,
  logger,
  number,
  type OptionCheck,
  type OptionChecks,
  text,
} from "../mapping/option-checks.js";

export interface WebhookOptions {
  /** Takes every request to belong to this environment, whatever the path says. */
  readonly environment?: string | undefined;
  /**
   * Where the webhook is mounted: `"/webhooks/segment"`. What follows it has to be an environment of the source, also where there is only
   * one. Express's `app.use` and Fastify's `prefix` say it by themselves.
   */
  readonly basePath?: string | undefined;
  /** Bytes of a body, before and after decompression. @default 5 MB, which is more than Segment sends */
  readonly maxBodyBytes?: number | undefined;
  /** How long a body may take to arrive. @default "10s" */
  readonly bodyTimeout?: Duration | undefined;
  /** Told of refused requests and of failures; never of payloads or credentials. @default that of the source */
  readonly logger?: Logger | undefined;
}

/** Paths of requests start with a slash: under a base that does not, no request would ever be found. */
const basePath: OptionCheck = (value, name) => {
  if (typeof value === "string" && (value === "" || value.startsWith("/"))) return;
  throw configInvalid(`${name}: is not a path that starts with a slash, such as "/webhooks/segment".`);
};

const webhookChecks: OptionChecks<WebhookOptions> = {
  environment: text,
  basePath,
  maxBodyBytes: number,
  bodyTimeout: anything,
  logger,
};

/**
 * An environment that there is not would answer every request with 404, for ever.
 * @param environments those of the source
 * @throws `CONFIG_INVALID`, `CONFIG_ENVIRONMENT_UNKNOWN`
 */
export function checkWebhookOptions(options: WebhookOptions, environments: readonly string[]): void {
  checkOptions(options, webhookChecks, { at: "segmentWebhook: " });
  const { environment } = options;
  if (environment === undefined || environments.includes(environment)) return;
  throw new BellwireError({
    code: "CONFIG_ENVIRONMENT_UNKNOWN",
    message: `segmentWebhook: environment: there is no ${JSON.stringify(environment)}; the source has: ${environments.join(", ")}.`,
    details: { environments },
  });
}
