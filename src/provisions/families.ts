/** Licences of one house whose names do not begin alike. */
const HOUSES: Readonly<Record<string, string>> = { AGPL: "GPL", LGPL: "GPL", LGPLLR: "GPL", GFDL: "GPL" };

/**
 * Groups licences that are versions or offspring of each other.
 *
 * Two are of one family when their names begin alike (`BSD-3-Clause`, `BSD-4-Clause-UC`), when they are of one house
 * (the GNU licences), or when the smaller one shares at least `threshold` of its shingles with the other.
 * @param shingles Of all provisions of a licence, by its SPDX identifier.
 * @returns For each identifier the first, in the map's order, of its family.
 */
export function familiesOf(
  shingles: ReadonlyMap<string, ReadonlySet<number>>,
  threshold: number,
): ReadonlyMap<string, string> {
  const ids = [...shingles.keys()];
  const parent = ids.map((_, at) => at);
  const rootOf = (at: number): number => (parent[at] === at ? at : rootOf(parent[at]!));
  const join = (a: number, b: number): void => {
    const [first, second] = [rootOf(a), rootOf(b)].sort((x, y) => x - y) as [number, number];
    parent[second] = first;
  };

  const byName = new Map<string, number>();
  for (const [at, id] of ids.entries()) {
    const name = stem(id);
    const namesake = byName.get(name);
    if (namesake === undefined) byName.set(name, at);
    else join(namesake, at);
  }
  const sizes = ids.map((id) => shingles.get(id)!.size);
  for (const [at, others] of sharedCounts([...shingles.values()]).entries()) {
    for (const [other, shared] of others) {
      if (shared >= threshold * Math.min(sizes[at]!, sizes[other]!)) join(at, other);
    }
  }
  return new Map(ids.map((id, at) => [id, ids[rootOf(at)]!]));
}

/** `CC-BY-SA-3.0` and `CC0-1.0` are `CC`, `LGPL-2.1` is of the house `GPL`. */
function stem(id: string): string {
  const name = /^[a-z]+/i.exec(id)?.[0] ?? id;
  return HOUSES[name] ?? name;
}

/** For each set, how many elements it shares with each earlier one. */
function sharedCounts(sets: readonly ReadonlySet<number>[]): Map<number, number>[] {
  const holders = new Map<number, number[]>();
  return sets.map((set, at) => {
    const counts = new Map<number, number>();
    for (const element of set) {
      const earlier = holders.get(element);
      if (!earlier) {
        holders.set(element, [at]);
        continue;
      }
      for (const other of earlier) counts.set(other, (counts.get(other) ?? 0) + 1);
      earlier.push(at);
    }
    return counts;
  });
}
