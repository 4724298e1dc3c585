import { nearestAmong } from "../mapping/similarity.js";
import { cutValue } from "../outcome/cut-value.js";
import type { OutcomeDetail } from "../outcome/outcome.js";
import type { SegmentEventType } from "../segment/event.js";

/** What triggers listen to: the names of each type; the empty one stands for all of the type. */
type NameIndex = ReadonlyMap<SegmentEventType, ReadonlyMap<string, unknown>>;

interface NoMatches {
  readonly explain: (type: SegmentEventType, name: string | null) => OutcomeDetail;
  /** Called when a trigger came or went. */
  readonly forget: () => void;
}

const maxRemembered = 1_000;
const maxRememberedName = 200;

/**
 * Says of events that no trigger listens to what they may have been meant to be. They are most of all and come again and again, while
 * to search costs far more than to match, so what was said is remembered.
 */
export function createNoMatches(index: NameIndex): NoMatches {
  /** By type and then by name: a key that is made of both would have to be hashed for every event. */
  const remembered = new Map<SegmentEventType, Map<string, OutcomeDetail>>();
  let size = 0;
  const forget = () => {
    remembered.clear();
    size = 0;
  };
  return {
    forget,
    explain(type, name) {
      const known = remembered.get(type)?.get(name ?? "");
      if (known !== undefined) return known;
      const explained = explain(index, type, name);
      if (name !== null && name.length > maxRememberedName) return explained;
      if (size >= maxRemembered) forget();
      remembered.set(type, (remembered.get(type) ?? new Map<string, OutcomeDetail>()).set(name ?? "", explained));
      size += 1;
      return explained;
    },
  };
}

function explain(index: NameIndex, type: SegmentEventType, name: string | null): OutcomeDetail {
  const what = name === null ? `${type} events` : `the ${type} ${JSON.stringify(cutValue(name))}`;
  const nearestNames = name === null ? [] : nearestAmong(name, namesIn(index, type), 3);
  const otherTypes = [...index].flatMap(([other, names]) =>
    name !== null && other !== type && names.has(name) ? [other] : [],
  );
  const hints = [
    ...nearestNames.map((nearest) => JSON.stringify(nearest)),
    ...otherTypes.map((other) => `the ${other} of that name`),
  ];
  const hint = hints.length > 0 ? ` Did you mean ${hints.join(" or ")}?` : "";
  const [nearest] = nearestNames;
  const message = `No trigger listens to ${what}.${hint}`;
  return { message, ...(nearest !== undefined && { nearest }), facts: { nearestNames, otherTypes } };
}

function namesIn(index: NameIndex, type: SegmentEventType): readonly string[] {
  return [...(index.get(type)?.keys() ?? [])].filter((name) => name !== "");
}
