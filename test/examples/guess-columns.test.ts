import { describe, expect, test } from "vitest";
import { columnsOf, guessLabel, guessText, guessWords } from "../../src/examples/guess-columns.ts";

const rowsOf = (...values: Record<string, unknown>[]) => values.map((row, i) => ({ values: row, where: `d:${i + 1}` }));
const reviews = rowsOf(
  { id: 1, title: "Good", body: "Came in time and works.", stars: 5, lang: "en" },
  { id: 2, title: "Bad", body: "Broke on the second day.", stars: 1, lang: "en" },
  { id: 3, title: "Fair", body: "Does what it should do.", stars: 5, lang: "de" },
  { id: 4, title: "Bad", body: "Never came, nobody answers.", stars: 1, lang: "de" },
);

describe("texts", () => {
  test("text, else the longest strings, and never what is no string", () => {
    expect(guessText(rowsOf({ text: "a", note: "much longer" }))).toBe("text");
    expect(guessText(reviews)).toBe("body");
    expect(guessText(rowsOf({ text: 12, n: 3 }))).toBeUndefined();
  });

  test("a column counts when every row has it", () => {
    expect(columnsOf(rowsOf({ a: 1, b: 2 }, { a: 3 }))).toEqual(["a"]);
  });
});

describe("labels", () => {
  test("a usual name is taken first", () => {
    expect(guessLabel(rowsOf({ text: "a", sentiment: "x" }), "text")).toBe("sentiment");
    expect(guessLabel(rowsOf({ text: "a", label: 1.5 }), "text")).toBeUndefined();
  });

  test("else the one column whose values come back", () => {
    const without = (name: string) =>
      reviews.map(({ values, where }) => ({ values: { ...values, [name]: undefined }, where }));
    expect(guessLabel(without("lang"), "body")).toBe("stars");
    expect(guessLabel(reviews, "body"), "stars and lang both").toBeUndefined();
  });
});

describe("words and tags", () => {
  test("lists under their usual names, or under those that are given", () => {
    const rows = rowsOf({ id: 1, words: ["a"], ner_tags: [0], pos: ["X"] });
    expect(guessWords(rows)).toEqual({ textColumn: "words", labelColumn: "ner_tags" });
    expect(guessWords(rows, { labelColumn: "pos" })).toEqual({ textColumn: "words", labelColumn: "pos" });
    expect(guessWords(rows, { labelColumn: "id" })).toBeUndefined();
    expect(guessWords(rowsOf({ tokens: "a b", labels: "O O" }))).toBeUndefined();
  });
});
