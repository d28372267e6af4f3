import fc from "fast-check";
import { expect, test } from "vitest";
import { jaccard, leadersOf, shinglesOf, wordsOf } from "../../src/provisions/duplicates.ts";

test("words are letters and digits in lower case", () => {
  expect(wordsOf("The “Licensor's” 2nd LICENSE.")).toEqual(["the", "licensor", "s", "2nd", "license"]);
});

test("shingles are runs of five words, whatever stands between them", () => {
  expect(shinglesOf("a b c d e f g").size).toBe(3);
  expect(shinglesOf("a b c").size).toBe(1);
  expect(shinglesOf("").size).toBe(0);
  expect(shinglesOf("A, b c. D e")).toEqual(shinglesOf("a b c d e"));
  expect(shinglesOf("a b c d e")).not.toEqual(shinglesOf("b a c d e"));
});

test("Jaccard similarity is what is shared over all", () => {
  expect(jaccard(new Set([1, 2, 3]), new Set([2, 3, 4, 5]))).toBe(2 / 5);
  expect(jaccard(new Set([1]), new Set())).toBe(0);
  expect(jaccard(new Set(), new Set())).toBe(0);
});

test("leaders are those that comparing all pairs finds", () => {
  const sets = fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { maxLength: 10 }), { maxLength: 20 });
  fc.assert(
    fc.property(sets, fc.constantFrom(0.5, 0.6, 0.7, 0.8, 0.9, 1), (lists, threshold) => {
      const given = lists.map((list) => new Set(list));
      const leaders: number[] = [];
      given.forEach((set, at) => {
        leaders.push(given.findIndex((o, i) => i === at || (leaders[i] === i && jaccard(o, set) >= threshold)));
      });
      expect(leadersOf(given, threshold)).toEqual(leaders);
    }),
    { numRuns: 500 },
  );
});
