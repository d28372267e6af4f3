/** The name most likely meant by `given`: a few edits away, or a longer name that ends with it. */
export function suggest(given: string, names: readonly string[]): string | undefined {
  const reach = Math.max(1, Math.floor(given.length / 3));
  const near = names
    .map((name) => ({ name, edits: editDistance(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ edits }) => edits <= reach)
    .sort((a, b) => a.edits - b.edits);
  return near[0]?.name ?? names.find((name) => given.length > 3 && name.endsWith(given));
}

/** Levenshtein's distance: insertions, deletions and substitutions that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
