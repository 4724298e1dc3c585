import { BellwireError } from "../core/errors.js";
import type { SegmentEventType } from "../segment/event.js";

/** What the path of a request says. */
export interface Route {
  /** `null` where only a write key can tell. */
  readonly environment: string | null;
  readonly token: string | null;
  /** The type of events that carry none, where the path is that of one call of Segment's HTTP API. */
  readonly defaultType: SegmentEventType | null;
}

/**
 * The last part of the paths that Segment's SDKs post to, with the type it stands for.
 * @see https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/
 */
const sdkCalls: Readonly<Record<string, SegmentEventType | null>> = {
  batch: null,
  b: null,
  import: null,
  track: "track",
  t: "track",
  identify: "identify",
  i: "identify",
  page: "page",
  p: "page",
  screen: "screen",
  s: "screen",
  group: "group",
  g: "group",
  alias: "alias",
  a: "alias",
};

export interface RouteInput {
  readonly path: string;
  /** Where the webhook is mounted, where that is known. */
  readonly basePath?: string | undefined;
  readonly environment?: string | undefined;
  readonly token?: string | undefined;
}

const routeInputs = ["path", "basePath", "environment", "token"] as const;

/** Reads routes; the one that was read last is known, since a destination posts to one and the same. */
export function createRoutes(environments: readonly string[]): (input: RouteInput) => Route {
  let last: RouteInput | null = null;
  let route: Route | null = null;
  return (input) => {
    const isLast = last !== null && routeInputs.every((name) => last?.[name] === input[name]);
    if (isLast && route !== null) return route;
    route = parseRoute(input, environments);
    last = input;
    return route;
  };
}

/**
 * Reads environment and token from route parameters, or from the end of the path:
 * `…/<environment>/<token>`, `…/<environment>`, either followed by an SDK path such as `/v1/batch`.
 *
 * @throws `ROUTE_UNKNOWN` for an environment that there is not
 */
function parseRoute({ path, basePath, environment, token }: RouteInput, environments: readonly string[]): Route {
  const segments = path.split("/").filter((segment) => segment !== "");
  const { rest, defaultType } = takeSdkCall(segments);
  // A route such as /:environment/:token also matches /v1/batch.
  const isMistaken = environment === "v1" && rest.length < segments.length;
  if (environment !== undefined && !isMistaken) {
    return { environment: known(environment, environments), token: token ?? null, defaultType };
  }
  const last = rest.at(-1);
  const beforeLast = rest.at(-2);
  if (beforeLast !== undefined && environments.includes(decode(beforeLast)) && last !== undefined) {
    return { environment: decode(beforeLast), token: decode(last), defaultType };
  }
  if (last !== undefined && environments.includes(decode(last))) {
    return { environment: decode(last), token: token ?? null, defaultType };
  }
  const [only = null] = environments;
  // Below the mount point stands what is meant for another environment.
  const namesNone = basePath === undefined || isAt(basePath, segments, rest.length);
  return { environment: environments.length === 1 && namesNone ? only : null, token: token ?? null, defaultType };
}

/** Whether nothing but the call of an SDK follows the mount point. @param length of the segments before that call */
function isAt(basePath: string, segments: readonly string[], length: number): boolean {
  const base = basePath.split("/").filter((segment) => segment !== "");
  return length <= base.length && base.every((segment, index) => segment === segments[index]);
}

function takeSdkCall(segments: readonly string[]): {
  readonly rest: readonly string[];
  readonly defaultType: SegmentEventType | null;
} {
  const call = segments.at(-1) ?? "";
  const isVersioned = segments.at(-2) === "v1";
  if (!Object.hasOwn(sdkCalls, call) || (!isVersioned && call !== "b" && call !== "batch")) {
    return { rest: segments, defaultType: null };
  }
  return { rest: segments.slice(0, isVersioned ? -2 : -1), defaultType: sdkCalls[call] ?? null };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function known(environment: string, environments: readonly string[]): string {
  if (environments.includes(environment)) return environment;
  throw unknownRoute();
}

/** Does not name the environments: whoever asks has not shown any credentials. */
export function unknownRoute(): BellwireError {
  const message = "This path names no environment of the source. Expected <mount point>/<environment>/<token>.";
  return new BellwireError({ code: "ROUTE_UNKNOWN", message });
}
