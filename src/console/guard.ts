import { systemClock } from "../core/clock.js";
import { isJsonObject, type JsonObject } from "../core/json.js";
import { createTimeLimit } from "../core/time-limit.js";
import { readBody } from "../http/read-body.js";
import type { ConsoleUser } from "./console-options.js";
import { type ConsoleRole, consoleRoles } from "./protocol.js";
import { ConsoleRefusal } from "./refusal.js";

const maxBodyBytes = 512 * 1024;
const bodyTimeoutMs = 10_000;

/** @throws {ConsoleRefusal} 401 for nobody, 403 for somebody who may not look */
export function requireUser(user: ConsoleUser | null | undefined): ConsoleUser {
  if (user === null || user === undefined) {
    throw new ConsoleRefusal(401, "unauthenticated", "You are not signed in, or may not open this console.");
  }
  const roles = Array.isArray(user.roles) ? consoleRoles.filter((role) => user.roles.includes(role)) : [];
  const known = { name: String(user.name), roles };
  requireRole(known, "view");
  return known;
}

/** @throws {ConsoleRefusal} 403 */
export function requireRole(user: ConsoleUser, role: ConsoleRole): void {
  if (user.roles.includes(role)) return;
  throw new ConsoleRefusal(403, "forbidden", `This needs the role "${role}", which ${user.name} does not have.`);
}

export interface SameOriginOptions {
  /** As browsers see it, where a proxy hides it. */
  readonly origin: string | undefined;
  /** A write has to say where it comes from; a read, such as one by curl, only must not say that it comes from elsewhere. */
  readonly mustSay: boolean;
}

/**
 * A browser says where a request comes from, in `Sec-Fetch-Site` or `Origin`: what it says must be here. Reads are checked as well,
 * since a host may share all its answers with other origins. The host is compared and not the scheme: TLS often ends at a proxy.
 *
 * @throws {ConsoleRefusal} 403
 */
export function requireSameOrigin(request: Request, { origin, mustSay }: SameOriginOptions): void {
  const site = request.headers.get("sec-fetch-site");
  const from = request.headers.get("origin");
  const here = new URL(origin ?? request.url).host;
  const fits = (from === null || hostOf(from) === here) && (site === null || site === "same-origin");
  if (fits && (!mustSay || from !== null || site !== null)) return;
  throw new ConsoleRefusal(
    403,
    "foreign_origin",
    `Only the console's own pages at ${here} may ask this. Behind a proxy that rewrites Host, give createConsole the option origin.`,
  );
}

function hostOf(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch {
    return null;
  }
}

/**
 * The body of a write. A content type other than JSON is what a form of another site could send.
 * @throws {ConsoleRefusal} 415, 400; `PAYLOAD_TOO_LARGE`, `PAYLOAD_TIMEOUT`
 */
export async function readJsonBody(request: Request): Promise<JsonObject> {
  const [type = ""] = (request.headers.get("content-type") ?? "").split(";", 1);
  if (type.trim().toLowerCase() !== "application/json") {
    throw new ConsoleRefusal(415, "not_json", "Changes are sent as application/json.");
  }
  const length = Number(request.headers.get("content-length") ?? Number.NaN);
  const bytes = await readBody(
    request.body === null ? { kind: "bytes", bytes: new Uint8Array() } : { kind: "stream", chunks: request.body },
    {
      maxBytes: maxBodyBytes,
      timeoutMs: bodyTimeoutMs,
      timeLimit: createTimeLimit(systemClock, bodyTimeoutMs),
      contentEncoding: "",
      contentLength: Number.isSafeInteger(length) ? length : null,
    },
  );
  const body = parse(new TextDecoder().decode(bytes));
  if (isJsonObject(body)) return body;
  throw new ConsoleRefusal(400, "bad_request", "The body is not a JSON object.");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
