/** Facts of an example for a grouped split. */
export interface Grouped {
  /** Examples of one group stay together. */
  readonly group: string;
  readonly label: string;
}

/** A group that would be more of a split than this goes into the largest: no split tests one house's style alone. */
const LARGEST_GROUP = 0.15;

/**
 * Assigns whole groups to splits so that each split has about its share of every label.
 *
 * Groups go in the order of their size, each to the split where the error grows least: the squared distance of every
 * label from its share, over that share. Then they move, one at a time, for as long as that makes the error smaller. No
 * random numbers: the same examples give the same splits.
 * @param shares Of each split, summing to 1.
 * @returns The split of each group.
 */
export function splitGroups<Split extends string>(
  examples: readonly Grouped[],
  shares: Readonly<Record<Split, number>>,
): ReadonlyMap<string, Split> {
  const splits = (Object.keys(shares) as Split[]).sort((a, b) => shares[b] - shares[a]);
  const totals = countLabels(examples);
  const filled = new Map(splits.map((split) => [split, new Map<string, number>()]));
  const put = (split: Split, counts: ReadonlyMap<string, number>, sign: 1 | -1): void => {
    const inSplit = filled.get(split)!;
    for (const [label, count] of counts) inSplit.set(label, (inSplit.get(label) ?? 0) + sign * count);
  };
  /** Growth of the error when the split takes these. */
  const growth = (split: Split, counts: ReadonlyMap<string, number>): number => {
    let sum = 0;
    for (const [label, count] of counts) {
      const total = totals.get(label)!;
      const distance = (filled.get(split)!.get(label) ?? 0) / total - shares[split];
      sum += ((distance + count / total) ** 2 - distance ** 2) / shares[split];
    }
    return sum;
  };
  const choose = (counts: ReadonlyMap<string, number>, before: Split | undefined): Split => {
    const size = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const fits = splits.filter((split, at) => at === 0 || size <= LARGEST_GROUP * shares[split] * examples.length);
    const better = (best: Split, split: Split): Split =>
      growth(split, counts) < growth(best, counts) - 1e-12 ? split : best;
    return before === undefined ? fits.reduce(better) : fits.reduce(better, before);
  };

  const groups = groupsBySize(examples);
  const splitOf = new Map<string, Split>();
  for (let moved = true; moved; ) {
    moved = false;
    for (const [group, counts] of groups) {
      const before = splitOf.get(group);
      if (before !== undefined) put(before, counts, -1);
      const after = choose(counts, before);
      put(after, counts, 1);
      splitOf.set(group, after);
      moved ||= after !== before;
    }
  }
  return splitOf;
}

/** Label counts of each group, the largest group first. */
function groupsBySize(examples: readonly Grouped[]): [group: string, counts: ReadonlyMap<string, number>][] {
  const groups = new Map<string, Grouped[]>();
  for (const example of examples) {
    const members = groups.get(example.group);
    if (members) members.push(example);
    else groups.set(example.group, [example]);
  }
  return [...groups]
    .sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
    .map(([group, members]) => [group, countLabels(members)]);
}

function countLabels(examples: readonly Grouped[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { label } of examples) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}
