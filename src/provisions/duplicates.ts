/** Words in a shingle. */
const SHINGLE = 5;

/** The words of a text as near-duplicates are compared: lower case, Latin letters and digits. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];

/** 32-bit hashes of all runs of five words of a text, or of the whole text if it is shorter. */
export function shinglesOf(text: string): ReadonlySet<number> {
  const hashes = wordsOf(text).map(hash);
  const length = Math.min(SHINGLE, hashes.length) || 1;
  const shingles = new Set<number>();
  for (let at = 0; at + length <= hashes.length; at++) {
    let shingle = 0;
    for (let word = at; word < at + length; word++) shingle = Math.imul(shingle ^ hashes[word]!, 0x5bd1e995) + 1;
    shingles.add(shingle >>> 0);
  }
  return shingles;
}

/** FNV-1a. */
function hash(word: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) h = Math.imul(h ^ word.charCodeAt(i), 0x01000193);
  return h;
}

/** Shared shingles over all shingles of two texts, 0 to 1. */
export function jaccard(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let shared = 0;
  for (const shingle of small) if (large.has(shingle)) shared++;
  return shared / (a.size + b.size - shared || 1);
}

/**
 * For each set, the index of the first earlier set that leads a group and is at least `threshold` alike, or its own.
 *
 * Only pairs that share one of their rarest shingles are compared: two sets of Jaccard ≥ t share one among the
 * `n − ⌈t · n⌉ + 1` rarest of each.
 * @see Chaudhuri, Ganti, Kaushik 2006, "A primitive operator for similarity joins in data cleaning" (prefix filter)
 */
export function leadersOf(sets: readonly ReadonlySet<number>[], threshold: number): number[] {
  const frequency = new Map<number, number>();
  for (const set of sets) for (const shingle of set) frequency.set(shingle, (frequency.get(shingle) ?? 0) + 1);
  /** The rarest first; frequency and shingle are one number, which sorts fast. */
  const byRarity = (set: ReadonlySet<number>): number[] =>
    [...Float64Array.from(set, (shingle) => frequency.get(shingle)! * 2 ** 32 + shingle).sort()].map(
      (key) => key % 2 ** 32,
    );

  const index = new Map<number, number[]>();
  return sets.map((set, at) => {
    const rarest = byRarity(set).slice(0, set.size - Math.ceil(threshold * set.size - 1e-9) + 1);
    const candidates = new Set(rarest.flatMap((shingle) => index.get(shingle) ?? []));
    const alike = [...candidates].filter((other) => jaccard(set, sets[other]!) >= threshold);
    if (alike.length > 0) return Math.min(...alike);
    for (const shingle of rarest) {
      const holders = index.get(shingle);
      if (holders) holders.push(at);
      else index.set(shingle, [at]);
    }
    return at;
  });
}
