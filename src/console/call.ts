import type { JsonObject, JsonValue } from "../core/json.js";
import type { SegmentSource } from "../source/segment-source.js";
import type { ConsoleOptions, ConsoleUser } from "./console-options.js";
import type { ConsoleRole } from "./protocol.js";
import { ConsoleRefusal } from "./refusal.js";

/** One request to the console's API: who asks, and about which environment of which source. */
export interface Call {
  readonly user: ConsoleUser;
  /** Whether personal data may be shown. */
  readonly reveal: boolean;
  readonly source: SegmentSource;
  readonly environment: string;
  /** The parameters in the URL. */
  readonly query: URLSearchParams;
  /** The body; empty for a read. */
  readonly input: JsonObject;
  readonly request: Request;
  readonly signal: AbortSignal;
}

export interface Endpoint {
  readonly role: ConsoleRole;
  /** A `Response` is sent as it is, everything else as JSON. */
  readonly handle: (call: Call) => unknown;
}

/** Endpoints by method and path, such as `GET events`. */
export type Endpoints = Readonly<Record<string, Endpoint>>;

/** What endpoints share. */
export interface ConsoleContext {
  readonly sources: ReadonlyMap<string, SegmentSource>;
  readonly options: Pick<ConsoleOptions<never>, "webhookUrl">;
}

/** A text that must be there. @throws {ConsoleRefusal} 400 */
export function textOf(value: JsonValue | undefined | null, name: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new ConsoleRefusal(400, "bad_request", `${name} is missing.`);
}

/** @throws {ConsoleRefusal} 400 */
export function flagOf(value: JsonValue | undefined, name: string): boolean {
  if (typeof value === "boolean") return value;
  throw new ConsoleRefusal(400, "bad_request", `${name} must be true or false.`);
}

/** A list of texts, at most 1,000. @throws {ConsoleRefusal} 400 */
export function textsOf(value: JsonValue | undefined, name: string): readonly string[] {
  const list = Array.isArray(value) ? value.filter((item: JsonValue) => typeof item === "string") : [];
  if (Array.isArray(value) && list.length === value.length && list.length <= 1_000) return list;
  throw new ConsoleRefusal(400, "bad_request", `${name} must be a list of at most 1,000 texts.`);
}

/** A whole number within bounds, or the fallback. */
export function limitOf(query: URLSearchParams, fallback: number, most: number): number {
  const given = Number(query.get("limit") ?? fallback);
  return Number.isSafeInteger(given) ? Math.min(Math.max(given, 1), most) : fallback;
}

/** `undefined` for a parameter that is absent or empty, as options want it. */
export function optional(query: URLSearchParams, name: string): string | undefined {
  const value = query.get(name);
  return value === null || value === "" ? undefined : value;
}

/** One of a closed list, or `undefined`. @throws {ConsoleRefusal} 400 for anything else */
export function oneOf<Value extends string>(
  query: URLSearchParams,
  name: string,
  values: readonly Value[],
): Value | undefined {
  const given = optional(query, name);
  if (given === undefined) return undefined;
  const found = values.find((value) => value === given);
  if (found !== undefined) return found;
  throw new ConsoleRefusal(400, "bad_request", `${name} is none of ${values.join(", ")}.`);
}

/** @throws {ConsoleRefusal} 400 */
export function dateOf(query: URLSearchParams, name: string): Date | undefined {
  const given = optional(query, name);
  if (given === undefined) return undefined;
  const date = new Date(given);
  if (!Number.isNaN(date.getTime())) return date;
  throw new ConsoleRefusal(400, "bad_request", `${name} is not a time.`);
}
