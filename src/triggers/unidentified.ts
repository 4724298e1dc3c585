import { type Duration, durationToMs } from "../core/duration.js";

/**
 * What becomes of a recipient id that storage does not know: left out with the reason `not_identified`, created, or held until the
 * user is identified; when that does not happen in time, `then` says what becomes of it.
 */
export type Unidentified = "skip" | "create" | { readonly hold: Duration; readonly then: "skip" | "create" };

/** The same, checked. */
export type UnidentifiedPolicy =
  | { readonly kind: "skip" }
  | { readonly kind: "create" }
  | { readonly kind: "hold"; readonly forMs: number; readonly onExpiry: "skip" | "create" };

/** @throws `CONFIG_INVALID` for a duration that is none */
export function compileUnidentified(value: Unidentified): UnidentifiedPolicy {
  if (typeof value === "string") return { kind: value };
  return { kind: "hold", forMs: durationToMs(value.hold, "unidentified.hold"), onExpiry: value.then };
}
