import { hash } from "node:crypto";
import type { SourceScope } from "../storage/scope.js";

/** The key of a run by its event, its trigger and which of the trigger's runs it is. */
export type KeyOfRun = (messageId: string, trigger: string, part: number | string) => string;

const maxRemembered = 10_000;

/**
 * Makes the keys of runs: equal for every attempt and redelivery of one, different for every other run.
 * Letters, digits and `_` only, 43 characters, so that they are legal for every engine (BullMQ refuses `:` and digits alone).
 *
 * A key is a hash of the event (96 bits) and a hash of the rest (64 bits, which has to tell apart the runs of one event only). So
 * an event is hashed once, however many triggers it has, and a trigger once for all its events.
 */
export function createIdempotencyKeys(): (scope: SourceScope) => KeyOfRun {
  const ofTriggers = new Map<string, string>();
  const ofPart = (trigger: string, part: number | string) =>
    hash("sha256", JSON.stringify([trigger, part])).slice(0, 16);
  const ofFirstPart = (trigger: string) => {
    const known = ofTriggers.get(trigger);
    if (known !== undefined) return known;
    const made = ofPart(trigger, 0);
    if (ofTriggers.size >= maxRemembered) ofTriggers.clear();
    ofTriggers.set(trigger, made);
    return made;
  };
  return ({ environment, source }) => {
    const ofScope = JSON.stringify([environment, source]).slice(0, -1);
    let last = "";
    let ofLast = "";
    return (messageId, trigger, part) => {
      if (messageId !== last) {
        last = messageId;
        ofLast = `bw_${hash("sha256", `${ofScope},${JSON.stringify(messageId)}]`).slice(0, 24)}`;
      }
      return ofLast + (part === 0 ? ofFirstPart(trigger) : ofPart(trigger, part));
    };
  };
}
