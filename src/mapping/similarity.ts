const maxCompared = 500;

/**
 * The candidate that a person most likely meant: equal but for case and separators, or within a few edits.
 * @returns `null` when none is near
 */
export function nearestOf(wanted: string, candidates: Iterable<string>): string | null {
  return nearestAmong(wanted, candidates, 1)[0] ?? null;
}

/** The candidates that a person may have meant, nearest first; at most `max`. */
export function nearestAmong(wanted: string, candidates: Iterable<string>, max: number): readonly string[] {
  const near: { readonly candidate: string; readonly distance: number }[] = [];
  let limit = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  let compared = 0;
  for (const candidate of candidates) {
    compared += 1;
    if (compared > maxCompared) break;
    if (candidate === wanted) continue;
    const distance = fold(candidate) === fold(wanted) ? 0 : editDistance(wanted, candidate, limit);
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

/** Levenshtein's distance; stops at `limit`. */
function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) >= limit) return limit;
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  let last = right.length;
  for (let index = 0; index < left.length; index += 1) {
    let diagonal = index;
    last = index + 1;
    row = row.map((above, column) => {
      if (column > 0) {
        const substitution = diagonal + (left[index] === right[column - 1] ? 0 : 1);
        last = Math.min(substitution, above + 1, last + 1);
      }
      diagonal = above;
      return last;
    });
  }
  return Math.min(last, limit);
}
