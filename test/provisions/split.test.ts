import fc from "fast-check";
import { expect, test } from "vitest";
import { type Grouped, splitGroups } from "../../src/provisions/split.ts";

const SHARES = { train: 0.7, dev: 0.1, test: 0.2 };
type Split = keyof typeof SHARES;
const SPLITS = Object.keys(SHARES) as Split[];
const example = (group: string, label: string): Grouped => ({ group, label });
const groupOf = (name: string, size: number): Grouped[] => Array.from({ length: size }, () => example(name, "a"));

/** Squared distances of all labels from their shares, over the shares. */
function errorOf(examples: readonly Grouped[], splitOf: ReadonlyMap<string, Split>): number {
  let error = 0;
  for (const label of new Set(examples.map((row) => row.label))) {
    const rows = examples.filter((row) => row.label === label);
    for (const split of SPLITS) {
      const share = rows.filter(({ group }) => splitOf.get(group) === split).length / rows.length;
      error += (share - SHARES[split]) ** 2 / SHARES[split];
    }
  }
  return error;
}

test("every label comes near its shares", () => {
  const examples = Array.from({ length: 100 }, (_, i) => [example(`g${i}`, "a"), example(`g${i}`, i % 2 ? "b" : "c")]);
  const splitOf = splitGroups(examples.flat(), SHARES);
  for (const [label, all] of Object.entries({ a: 100, b: 50, c: 50 })) {
    for (const split of SPLITS) {
      const count = examples.flat().filter((row) => row.label === label && splitOf.get(row.group) === split).length;
      expect(Math.abs(count / all - SHARES[split]), `${label} in ${split}`).toBeLessThanOrEqual(0.02);
    }
  }
});

test("a group that would be much of a split goes into the largest", () => {
  const small = Array.from({ length: 30 }, (_, i) => groupOf(`g${i}`, 1)).flat();
  const splitOf = splitGroups([...groupOf("larger", 50), ...groupOf("large", 20), ...small], SHARES);
  expect([splitOf.get("larger"), splitOf.get("large")]).toEqual(["train", "train"]);
});

/** So many small groups that some of them fit into every split. */
const examples = fc
  .array(fc.array(fc.constantFrom("x", "y", "z"), { minLength: 1, maxLength: 4 }), { minLength: 50, maxLength: 80 })
  .map((groups) => groups.flatMap((labels, at) => labels.map((label) => example(`g${at}`, label))));

test("no other place of one group would be nearer to the shares", () => {
  fc.assert(
    fc.property(examples, (given) => {
      const splitOf = splitGroups(given, SHARES);
      const error = errorOf(given, splitOf);
      for (const group of new Set(given.map((row) => row.group))) {
        const size = given.filter((row) => row.group === group).length;
        for (const split of SPLITS.filter(
          (split) => split === "train" || size <= 0.15 * SHARES[split] * given.length,
        )) {
          expect(errorOf(given, new Map([...splitOf, [group, split]]))).toBeGreaterThan(error - 1e-9);
        }
      }
    }),
  );
});

test("the order of the examples does not matter", () => {
  fc.assert(
    fc.property(examples, (given) => {
      const groups = (list: readonly Grouped[]) => [...splitGroups(list, SHARES)].sort();
      expect(groups([...given].reverse())).toEqual(groups(given));
    }),
  );
});
