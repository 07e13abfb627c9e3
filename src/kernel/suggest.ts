/** Did-you-mean: the known word nearest to a mistyped one. */

/**
 * The candidate that takes the fewest slips of the finger, if they are few for the length of the word; else null. A
 * letter too many, missing or wrong is one slip, so are two letters in each other's place; upper case is none. The word
 * itself is no suggestion.
 */
export function closest(
  word: string,
  candidates: Iterable<string>,
  slips = allowed(word),
): string | null {
  let best: string | null = null;
  let bestDistance = slips + 1;
  for (const candidate of candidates) {
    if (candidate === word) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Of a word of four letters two wrong ones leave nothing to go by: `nvme` is not `uname`. */
function allowed(word: string): number {
  if (word.length <= 4) return word.length <= 1 ? 0 : 1;
  return Math.max(2, Math.floor(word.length / 3));
}

/**
 * Edit distance with neighbours in each other's place as one step; words longer than 64 characters, and distances at or
 * over `limit`, count as `limit`.
 */
export function editDistance(a: string, b: string, limit: number): number {
  if (a.length > 64 || b.length > 64 || Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(previous[j]! + 1, row[j - 1]! + 1, substituted);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, before[j - 2]! + 1);
      row.push(least);
    }
    before = previous;
    previous = row;
  }
  return Math.min(previous[b.length]!, limit);
}
