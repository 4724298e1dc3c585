import { systemClock } from "../core/clock.js";
import { durationToMs } from "../core/duration.js";
import { BellwireError, configInvalid } from "../core/errors.js";
import { type Logger, safeLogger } from "../core/logger.js";
import { createTimeLimit } from "../core/time-limit.js";
import { defaultLimits } from "../segment/limits.js";
import type { HandleSegmentPayloadOptions } from "../source/payload-options.js";
import type { SegmentSource } from "../source/segment-source.js";
import { type Authenticator, createAuthenticator, writeKeyOfHeader } from "./authenticate.js";
import { type ReadBodyOptions, readBody } from "./read-body.js";
import { respondToError, respondToResult } from "./respond.js";
import { createRoutes, type Route, unknownRoute } from "./route.js";
import { statusOf } from "./status.js";
import { checkWebhookOptions, type WebhookOptions } from "./webhook-options.js";
import type { WebhookRequest, WebhookResponse } from "./webhook-request.js";

/** Answers a request; never rejects. */
export type WebhookHandler = (request: WebhookRequest) => Promise<WebhookResponse>;

const methods = new Set(["POST", "PUT", "PATCH"]);

/**
 * The webhook without a framework: routes, authenticates, reads the body within its limits, hands it to the source, and turns what
 * came of it into a status that makes Segment do the right thing.
 *
 * @throws `CONFIG_INVALID` without a source and for an option that is none; `CONFIG_ENVIRONMENT_UNKNOWN`;
 * `CONFIG_AUTHENTICATION_MISSING` where no environment has credentials: nobody could ever post
 */
export function createWebhookHandler(source: SegmentSource, options: WebhookOptions = {}): WebhookHandler {
  requireSource(source);
  checkWebhookOptions(options, source.environments.names);
  const logger = safeLogger(options.logger ?? source.logger);
  const timeoutMs = durationToMs(options.bodyTimeout ?? "10s", "bodyTimeout");
  const maxBytes = options.maxBodyBytes ?? defaultLimits.maxBytes;
  const limits = { maxBytes, timeoutMs, timeLimit: createTimeLimit(systemClock, timeoutMs) };
  const authenticators = createAuthenticators(source, logger);
  const routes = createRoutes(source.environments.names);

  const find = (request: WebhookRequest): Found => {
    if (!methods.has(request.method.toUpperCase())) {
      const message = `The method ${request.method.slice(0, 20)} is not allowed; send POST, PUT or PATCH.`;
      throw new BellwireError({ code: "METHOD_NOT_ALLOWED", message });
    }
    const environmentOfRoute = options.environment ?? request.environment;
    const basePath = options.basePath ?? request.basePath;
    const route = routes({ path: request.path, basePath, token: request.token, environment: environmentOfRoute });
    return { route, environment: route.environment ?? environmentOfWriteKey(request, authenticators) };
  };

  return async (request) => {
    let environment: string | undefined;
    try {
      const found = find(request);
      ({ environment } = found);
      const authenticator = authenticators.get(environment);
      if (authenticator === undefined) throw notConfigured(environment);
      const head = authenticator.checkHead(request, found.route.token);
      const reading = readBody(request.body, bodyOptions(request, limits));
      const body = reading instanceof Uint8Array ? reading : await reading;
      authenticator.checkBody(request, body, head);
      return respondToResult(await source.handleSegmentPayload(body, toCall(found)));
    } catch (error) {
      return refuse(error, logger, { source: source.key, ...(environment !== undefined && { environment }) });
    }
  };
}

/** Where a request goes. */
interface Found {
  readonly route: Route;
  readonly environment: string;
}

function requireSource(source: unknown): void {
  if (typeof source === "object" && source !== null && "handleSegmentPayload" in source) return;
  const message = "segmentWebhook: takes the source that createSegmentSource made: segmentWebhook(source).";
  throw configInvalid(message);
}

function createAuthenticators(source: SegmentSource, logger: Logger): ReadonlyMap<string, Authenticator> {
  const authenticators = new Map<string, Authenticator>();
  for (const environment of source.environments.names) {
    const authenticator = createAuthenticator(source.environments.credentials(environment) ?? {});
    if (authenticator !== null) authenticators.set(environment, authenticator);
    else logger.error({ source: source.key, environment }, notConfigured(environment).message);
  }
  const [first = ""] = source.environments.names;
  if (authenticators.size === 0) throw notConfigured(first);
  return authenticators;
}

/** An SDK may be given nothing but a host; its write key then says which environment it belongs to. */
function environmentOfWriteKey(request: WebhookRequest, authenticators: ReadonlyMap<string, Authenticator>): string {
  const writeKey = writeKeyOfHeader(request);
  for (const [environment, authenticator] of authenticators) {
    if (writeKey !== null && authenticator.ownsWriteKey(writeKey)) return environment;
  }
  throw unknownRoute();
}

function bodyOptions(
  request: WebhookRequest,
  limits: Pick<ReadBodyOptions, "maxBytes" | "timeoutMs" | "timeLimit">,
): ReadBodyOptions {
  const encoding = request.header("content-encoding");
  const length = Number(request.header("content-length"));
  return {
    contentEncoding: typeof encoding === "string" ? encoding : "",
    contentLength: Number.isSafeInteger(length) ? length : null,
    maxBytes: limits.maxBytes,
    timeoutMs: limits.timeoutMs,
    timeLimit: limits.timeLimit,
  };
}

function toCall({ environment, route: { defaultType } }: Found): HandleSegmentPayloadOptions {
  return defaultType === null ? { environment } : { environment, defaultType };
}

function notConfigured(environment: string): BellwireError {
  const message =
    `The environment ${JSON.stringify(environment)} has no credentials, so nobody may post to it. Set webhookToken, sharedSecrets, ` +
    'header or writeKeys, or write out authentication: "none".';
  return new BellwireError({ code: "CONFIG_AUTHENTICATION_MISSING", message, retryable: true });
}

interface Where {
  readonly source: string;
  /** Where it is known. */
  readonly environment?: string;
}

function refuse(error: unknown, logger: Logger, where: Where): WebhookResponse {
  if (BellwireError.is(error)) {
    const fields = { ...where, code: error.code, status: statusOf(error.code) };
    if (fields.status >= 500) logger.error({ ...fields, err: error }, error.message);
    else logger.warn(fields, error.message);
    return respondToError(error);
  }
  logger.error({ ...where, err: error }, "the webhook failed");
  const message = "The webhook failed; the server's log says why. Send it again.";
  return respondToError(new BellwireError({ code: "STORAGE_FAILED", message, cause: error, retryable: true }));
}
