/** Candidates that are looked at; also the most that a search costs, for those who keep count. */
export const maxCompared = 500;
/** Nobody mistypes a longer name by hand, and what a comparison takes grows with the length. */
const maxLength = 100;
const maxEdits = 4;

/**
 * The candidate that a person most likely meant: equal but for case and separators, or within a few edits.
 * @returns `null` when none is near
 */
export function nearestOf(wanted: string, candidates: Iterable<string>): string | null {
  return nearestAmong(wanted, candidates, 1)[0] ?? null;
}

/** The candidates that a person may have meant, nearest first; at most `max`. Names come from whoever sends events, so all of it is bounded. */
export function nearestAmong(wanted: string, candidates: Iterable<string>, max: number): readonly string[] {
  if (wanted.length > maxLength) return [];
  const near: { readonly candidate: string; readonly distance: number }[] = [];
  const folded = fold(wanted);
  let limit = Math.min(maxEdits, Math.max(2, Math.floor(wanted.length / 3))) + 1;
  let compared = 0;
  for (const candidate of candidates) {
    compared += 1;
    if (compared > maxCompared) break;
    if (candidate === wanted || Math.abs(candidate.length - wanted.length) > maxEdits) continue;
    const distance = foldsTo(candidate, folded) ? 0 : editDistance(wanted, candidate, limit);
    if (distance >= limit) continue;
    near.push({ candidate, distance });
    near.sort((left, right) => left.distance - right.distance);
    near.splice(max);
    limit = near[max - 1]?.distance ?? limit;
  }
  return near.map(({ candidate }) => candidate);
}

function fold(text: string): string {
  return text.toLowerCase().replace(/[\s_-]/g, "");
}

/** To fold takes longer than most comparisons; a text that begins otherwise need not be. */
function foldsTo(text: string, folded: string): boolean {
  return text.charAt(0).toLowerCase() === folded.charAt(0) && fold(text) === folded;
}

/** Levenshtein distance, capped at `limit`. */
function editDistance(left: string, right: string, limit: number): number {
  const goal = right.length - left.length;
  /** How far into `left` that many edits lead, by how many characters `right` is ahead. Two that lead nowhere come first. */
  let reached: readonly number[] = [];
  for (let edits = 0; edits < limit; edits += 1) {
    const next = [-1, -1];
    for (let ahead = -edits; ahead <= edits; ahead += 1) {
      const place = ahead + edits;
      let position = Math.max(at(reached, place), at(reached, place + 1) + 1, at(reached, place + 2) + 1);
      while (position < left.length && left[position] === right[position + ahead]) position += 1;
      if (ahead === goal && position >= left.length) return edits;
      next.push(position);
    }
    reached = next;
  }
  return limit;
}

function at(reached: readonly number[], place: number): number {
  return reached[place] ?? -1;
}
