/** Up to here comparing each with each is faster than keeping an index. */
const maxCompared = 8;
/** For each text, on average; beyond it somebody chose texts that meet in the index. */
const maxProbes = 4;

/**
 * Whether no text stands twice. The index is a table of places and not a Set, which takes twelve times as long for ten thousand texts
 * that were just read: it keeps a pointer for each, which the collector has to know of, and is laid out anew each time that it grows.
 */
export function areDistinct(texts: readonly string[]): boolean {
  if (texts.length <= maxCompared) return texts.every((text, index) => texts.indexOf(text) === index);
  return lookThrough(texts, createTable(texts.length)) ?? new Set(texts).size === texts.length;
}

type Places = Uint16Array | Uint32Array;

/** At most half full. 0 stands for no text, so places count from 1. */
function createTable(count: number): Places {
  const size = 2 ** Math.ceil(Math.log2(count * 2));
  return count < 2 ** 16 ? new Uint16Array(size) : new Uint32Array(size);
}

/** `null` where looking on would take too long. */
function lookThrough(texts: readonly string[], table: Places): boolean | null {
  const last = table.length - 1;
  let probesLeft = texts.length * maxProbes;
  let place = 0;
  for (const text of texts) {
    place += 1;
    let slot = hashOf(text) & last;
    for (let other = table[slot]; other !== 0 && other !== undefined; other = table[slot]) {
      if (texts[other - 1] === text) return false;
      probesLeft -= 1;
      if (probesLeft === 0) return null;
      slot = (slot + 1) & last;
    }
    table[slot] = place;
  }
  return true;
}

/** FNV-1a, its upper half folded into the lower one, which is what a table looks at. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash ^ (hash >>> 15);
}
