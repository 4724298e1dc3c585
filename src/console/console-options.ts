import type { Clock } from "../core/clock.js";
import type { Duration } from "../core/duration.js";
import { type BellwireError, configInvalid } from "../core/errors.js";
import type { Logger } from "../core/logger.js";
import {
  anything,
  callback,
  checkOptions,
  listOf,
  logger,
  type OptionCheck,
  type OptionChecks,
  requireOptions,
  text,
} from "../mapping/option-checks.js";
import type { SegmentSource } from "../source/segment-source.js";
import type { ConsoleRole } from "./protocol.js";

/** Who is at the console. */
export interface ConsoleUser {
  /** Stands beside every change this person makes, for those who later ask. */
  readonly name: string;
  /**
   * `view` opens the console, with personal data masked; `operate` flips switches, saves triggers, replays, acts on runs, deletes
   * users and copies the webhook URL with its token; `reveal` shows personal data. None follows from another.
   */
  readonly roles: readonly ConsoleRole[];
}

/** Where a webhook of a source is mounted. */
export interface WebhookPlace {
  readonly source: string;
  readonly environment: string;
}

interface BaseOptions<Original> {
  /**
   * Says who asks. `null` answers 401, and a `Response` is sent as it is: a redirect to your sign-in, say. Called for every request,
   * the scripts' and the live streams' too. Where it throws, the answer is 500 and nothing is shown.
   *
   * @param original the framework's own request (Express's and Fastify's `request`, Koa's `ctx`), where a session of yours may hang;
   * `undefined` where `fetch` was called without one
   */
  readonly authorize: (
    request: Request,
    original: Original | undefined,
  ) => ConsoleUser | Response | null | undefined | Promise<ConsoleUser | Response | null | undefined>;
  /** The path under which the console is mounted. @default "/bellwire" */
  readonly basePath?: string | undefined;
  /**
   * Where the webhook of an environment is mounted, without its token: a path of this host, or a URL. Only shown and copied.
   * @default `/webhooks/segment/<environment>`
   */
  readonly webhookUrl?: ((place: WebhookPlace) => string) | undefined;
  /** The origin that browsers see, such as `https://admin.example.com`, where a proxy does not pass on the `Host` it was asked for. */
  readonly origin?: string | undefined;
  /** How long a live stream of events may last before the browser has to come back, and to be authorized anew. @default "5m" */
  readonly streamTimeout?: Duration | undefined;
  /** How often live streams look for events that other processes received. @default "2s" */
  readonly pollInterval?: Duration | undefined;
  /** Told of refused requests and of failures. @default that of the (first) source */
  readonly logger?: Logger | undefined;
  /** @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/** @typeParam Original the framework's own request, as `authorize` is given it */
export type ConsoleOptions<Original = unknown> = BaseOptions<Original> &
  (
    | { readonly source: SegmentSource; readonly sources?: undefined }
    | { readonly sources: readonly SegmentSource[]; readonly source?: undefined }
  );

const source: OptionCheck = (value, name) => {
  if (typeof value === "object" && value !== null && "handleSegmentPayload" in value) return;
  throw configInvalid(`${name}: is not a source. Give what createSegmentSource made.`);
};

const consoleChecks: OptionChecks<ConsoleOptions> = {
  source,
  sources: listOf(source),
  authorize: anything,
  basePath: text,
  webhookUrl: callback,
  origin: text,
  streamTimeout: anything,
  pollInterval: anything,
  logger,
  clock: anything,
};

/** @throws `CONFIG_INVALID` */
export function checkConsoleOptions(options: unknown): void {
  requireOptions(options, "createConsole", "{ source, authorize }");
  checkOptions(options, consoleChecks, { at: "createConsole: " });
}

/** The sources by key. @throws `CONFIG_INVALID` */
export function resolveSources(options: ConsoleOptions<never>): ReadonlyMap<string, SegmentSource> {
  if (options.source !== undefined && options.sources !== undefined)
    throw invalid("source: stands beside sources. Give one of the two.");
  const list = options.sources ?? (options.source === undefined ? [] : [options.source]);
  if (list.length === 0)
    throw invalid("source: is missing. Give the source that the console shows, or several as sources.");
  const sources = new Map(list.map((source) => [source.key, source]));
  if (sources.size === list.length) return sources;
  throw invalid(
    `sources: two have one key; there are: ${list.map(({ key }) => key).join(", ")}. Give each a key of its own.`,
  );
}

/** @throws `CONFIG_INVALID`: without it anyone could read and switch everything */
export function requireAuthorize(authorize: unknown): void {
  if (typeof authorize === "function") return;
  throw invalid(
    'authorize: is missing. Say who may open the console: authorize: (request) => ({ name, roles: ["view"] }) for those who may, null for everyone else.',
  );
}

/** With a leading slash and no trailing one; empty for the root. @throws `CONFIG_INVALID` */
export function resolveBasePath(basePath = "/bellwire"): string {
  const trimmed = basePath.replace(/\/+$/, "");
  if (trimmed === "" || /^(?:\/[\w.~-]+)+$/.test(trimmed)) return trimmed;
  throw invalid(`basePath: ${JSON.stringify(basePath)} is not a plain path such as "/bellwire".`);
}

function invalid(message: string): BellwireError {
  return configInvalid(`createConsole: ${message}`);
}
