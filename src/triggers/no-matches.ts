import { maxCompared, nearestAmong } from "../mapping/similarity.js";
import { cutValue } from "../outcome/cut-value.js";
import type { OutcomeDetail } from "../outcome/outcome.js";
import type { SegmentEventType } from "../segment/event.js";

/** What triggers listen to: the names of each type; the empty one stands for all of the type. */
type NameIndex = ReadonlyMap<SegmentEventType, ReadonlyMap<string, unknown>>;

interface NoMatches {
  readonly explain: (type: SegmentEventType, name: string | null) => OutcomeDetail;
  /** Called when a trigger came or went. */
  readonly clear: () => void;
}

interface Unmatched {
  readonly type: SegmentEventType;
  readonly name: string | null;
  readonly candidates: readonly string[];
}

const maxCached = 1_000;
const maxCachedName = 200;
/** Comparisons that are made without a second thought; beyond it every unmatched event saves up for one. */
const maxCredit = 20_000;

/**
 * Suggests what an unmatched event was meant to be. Unmatched events are the most frequent and searching costs far more than
 * matching, so suggestions are cached.
 */
export function createNoMatches(index: NameIndex): NoMatches {
  /** By type and then by name: a key that is made of both would have to be hashed for every event. */
  const cached = new Map<SegmentEventType, Map<string, OutcomeDetail>>();
  const names = new Map<SegmentEventType, readonly string[]>();
  let size = 0;
  let credit = maxCredit;
  const clear = () => {
    cached.clear();
    names.clear();
    size = 0;
  };
  /** What to search; `null` where that is more than was saved up, so that a flood of distinct names costs next to nothing. */
  const afford = (type: SegmentEventType): readonly string[] | null => {
    const candidates = names.get(type) ?? namesIn(index, type);
    names.set(type, candidates);
    credit = Math.min(maxCredit, credit + 1);
    const cost = Math.min(candidates.length, maxCompared);
    if (cost > credit) return null;
    credit -= cost;
    return candidates;
  };
  return {
    clear,
    explain(type, name) {
      const known = cached.get(type)?.get(name ?? "");
      if (known !== undefined) return known;
      const candidates = afford(type);
      const explained = explain(index, { type, name, candidates: candidates ?? [] });
      if (candidates === null || (name !== null && name.length > maxCachedName)) return explained;
      if (size >= maxCached) clear();
      cached.set(type, (cached.get(type) ?? new Map<string, OutcomeDetail>()).set(name ?? "", explained));
      size += 1;
      return explained;
    },
  };
}

function explain(index: NameIndex, { type, name, candidates }: Unmatched): OutcomeDetail {
  const what = name === null ? `${type} events` : `the ${type} ${JSON.stringify(cutValue(name))}`;
  const nearestNames = name === null ? [] : nearestAmong(name, candidates, 3);
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
