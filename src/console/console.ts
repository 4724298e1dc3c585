import { systemClock } from "../core/clock.js";
import { durationToMs } from "../core/duration.js";
import { safeLogger, silentLogger } from "../core/logger.js";
import type { SegmentSource } from "../source/segment-source.js";
import { createAssets } from "./assets.js";
import { auditEndpoints } from "./audit.js";
import type { Call, Endpoints } from "./call.js";
import {
  type ConsoleOptions,
  type ConsoleUser,
  checkConsoleOptions,
  requireAuthorize,
  resolveBasePath,
  resolveSources,
} from "./console-options.js";
import { createEventLogEndpoints } from "./event-log.js";
import { readJsonBody, requireRole, requireSameOrigin, requireUser } from "./guard.js";
import { createLiveEndpoints } from "./live-stream.js";
import { createOverviewEndpoints } from "./overview.js";
import { ConsoleRefusal } from "./refusal.js";
import { respondError, respondJson, respondToRefusal } from "./respond.js";
import { runEndpoints } from "./runs.js";
import { triggerEndpoints } from "./triggers.js";
import { userEndpoints } from "./users.js";

export type { ConsoleOptions, ConsoleUser, WebhookPlace } from "./console-options.js";
export type { ConsoleRole } from "./protocol.js";

/** A console to be mounted: `fetch` is all there is to it; Express, Koa and Fastify take it through `consoleHandler` of their module. */
export interface Console<Original = unknown> {
  /** Where it expects to be mounted; empty for the root. */
  readonly basePath: string;
  /** Answers a request; never rejects. @param original what `authorize` is given as the framework's own request */
  fetch(request: Request, original?: Original): Promise<Response>;
  /** Ends the live streams, which would keep a server from closing. */
  close(): void;
}

/**
 * Creates the web console of one or more sources: their events with the reasons, triggers and their switches, users, runs that need a
 * person, and who changed what. All of it is in memory, page and scripts included.
 *
 * @throws `CONFIG_INVALID`, also without `authorize`: the console opens to nobody by accident
 */
export function createConsole<Original = unknown>(options: ConsoleOptions<Original>): Console<Original> {
  checkConsoleOptions(options);
  requireAuthorize(options.authorize);
  const { clock = systemClock, streamTimeout = "5m", pollInterval = "2s" } = options;
  const sources = resolveSources(options);
  const [first] = sources.values();
  const logger = safeLogger(options.logger ?? first?.logger ?? silentLogger);
  const basePath = resolveBasePath(options.basePath);
  const assets = createAssets(basePath);
  const context = { sources, options };
  const live = createLiveEndpoints({
    ...context,
    clock,
    logger,
    streamMs: durationToMs(streamTimeout, "streamTimeout"),
    pollMs: durationToMs(pollInterval, "pollInterval"),
  });
  const endpoints: Endpoints = {
    ...createOverviewEndpoints(context),
    ...live.endpoints,
    ...createEventLogEndpoints(clock),
    ...triggerEndpoints,
    ...runEndpoints,
    ...userEndpoints,
    ...auditEndpoints,
  };

  const answer = async (request: Request, original: Original | undefined): Promise<Response> => {
    const url = new URL(request.url);
    const path = below(basePath, url.pathname);
    const given = await options.authorize(request, original);
    if (given instanceof Response) return given;
    const user = requireUser(given);
    if (path.startsWith("/api/")) {
      const name = `${request.method} ${path.slice("/api/".length)}`;
      return callEndpoint(endpoints, name, user, { request, url, sources, origin: options.origin });
    }
    if (request.method !== "GET" && request.method !== "HEAD") throw notFound();
    if (path.startsWith("/assets/")) {
      const found = assets.find(path, request.headers.get("accept-encoding") ?? "");
      if (found === null) throw notFound();
      return found;
    }
    return assets.page();
  };

  return {
    basePath,
    fetch: async (request, original) => {
      try {
        return await answer(request, original);
      } catch (error) {
        const refused = respondToRefusal(error);
        if (refused !== null && (refused.status < 500 || refused.status === 501)) return refused;
        logger.error({ err: error }, "the console could not answer");
        return refused ?? respondError(500, "failed", "The console failed; the server's log says why.");
      }
    },
    close: live.close,
  };
}

interface Asked {
  readonly request: Request;
  readonly url: URL;
  readonly sources: ReadonlyMap<string, SegmentSource>;
  readonly origin: string | undefined;
}

async function callEndpoint(endpoints: Endpoints, name: string, user: ConsoleUser, asked: Asked): Promise<Response> {
  const endpoint = Object.hasOwn(endpoints, name) ? endpoints[name] : undefined;
  if (endpoint === undefined) throw notFound();
  const { request, url } = asked;
  const isWrite = request.method !== "GET";
  requireSameOrigin(request, { origin: asked.origin, mustSay: isWrite });
  requireRole(user, endpoint.role);
  const query = url.searchParams;
  const call: Call = {
    user,
    reveal: user.roles.includes("reveal"),
    ...placeOf(query, asked.sources),
    query,
    input: isWrite ? await readJsonBody(request) : {},
    request,
    signal: request.signal,
  };
  const made = await endpoint.handle(call);
  return made instanceof Response ? made : respondJson(made);
}

/** @throws {ConsoleRefusal} 404 */
function placeOf(
  query: URLSearchParams,
  sources: ReadonlyMap<string, SegmentSource>,
): { readonly source: SegmentSource; readonly environment: string } {
  const [first] = sources.values();
  const key = query.get("source");
  const source = key === null ? first : sources.get(key);
  const environment = query.get("environment") ?? source?.environments.names[0];
  if (source !== undefined && environment !== undefined && source.environments.names.includes(environment)) {
    return { source, environment };
  }
  throw new ConsoleRefusal(404, "not_found", "There is no such source or environment.");
}

/** @throws {ConsoleRefusal} 404 for what is not the console's */
function below(basePath: string, pathname: string): string {
  if (pathname === basePath || pathname.startsWith(`${basePath}/`)) return pathname.slice(basePath.length);
  throw new ConsoleRefusal(
    404,
    "not_found",
    `The console is mounted at ${basePath || "/"}; this path lies outside of it.`,
  );
}

function notFound(): ConsoleRefusal {
  return new ConsoleRefusal(404, "not_found", "There is nothing here.");
}
