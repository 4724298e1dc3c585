const maxCompared = 500;

/**
 * The candidate that a person most likely meant: equal but for case and separators, or within a few edits.
 * @returns `null` when none is near
 */
export function nearestOf(wanted: string, candidates: Iterable<string>): string | null {
  let nearest: string | null = null;
  let best = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  let compared = 0;
  for (const candidate of candidates) {
    compared += 1;
    if (compared > maxCompared) break;
    if (candidate === wanted) continue;
    const distance = fold(candidate) === fold(wanted) ? 0 : editDistance(wanted, candidate, best);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

function fold(text: string): string {
  return text.toLowerCase().replace(/[\s_-]/g, "");
}

/** Levenshtein's distance; stops at `limit`. */
function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) >= limit) return limit;
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const substitution = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return Math.min(previous[right.length] ?? limit, limit);
}
