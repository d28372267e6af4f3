import { describe, expect, test } from "vitest";
import { ranksByVariance, withRanks } from "../../src/peft/eva-ranks.ts";

describe("ranksByVariance", () => {
  test("gives each component of the most variance to its module; a module may go without", () => {
    const ranks = ranksByVariance(
      [
        { module: "a", ratios: [0.5, 0.3, 0.1] },
        { module: "b", ratios: [0.05, 0.04] },
        { module: "c", ratios: [0.4, 0.06] },
      ],
      4,
    );
    expect(Object.fromEntries(ranks)).toEqual({ a: 3, b: 0, c: 1 });
  });

  test("the first of modules with the same inputs has the highest rank", () => {
    const ratios = [0.5, 0.3];
    const modules = [
      { module: "key", ratios, sameAs: "query" },
      { module: "query", ratios },
    ];
    expect(Object.fromEntries(ranksByVariance(modules, 3))).toEqual({ query: 2, key: 1 });
  });
});

describe("withRanks", () => {
  const ranks = new Map([["a", 6], ["b", 0], ["c", 4], ["d", 1]]); // biome-ignore format: pairs

  test("leaves out rank 0, and keeps each module's scaling", () => {
    const config = { r: 4, loraAlpha: 8, rankPattern: { d: 2 }, alphaPattern: { d: 3 } };
    expect(withRanks(config, ["a", "b", "c", "d", "words"], ranks)).toEqual({
      targetModules: ["a", "c", "d", "words"],
      rankPattern: { a: 6, d: 1 },
      alphaPattern: { a: 12, d: 1.5 },
    });
  });
});
