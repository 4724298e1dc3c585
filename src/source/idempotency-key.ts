import { hash } from "node:crypto";
import type { SourceScope } from "../storage/scope.js";

/**
 * The key of one run: equal for every attempt and redelivery of it, different for every other run.
 * Letters, digits and `_` only, 43 characters, so that it is legal for every engine (BullMQ refuses `:` and digits alone).
 */
export function createIdempotencyKey(
  scope: SourceScope,
  messageId: string,
  trigger: string,
  part: number | string,
): string {
  const identity = JSON.stringify([scope.environment, scope.source, messageId, trigger, part]);
  return `bw_${hash("sha256", identity).slice(0, 40)}`;
}
