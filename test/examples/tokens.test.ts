import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { labelsOf } from "../../src/examples/labels.ts";
import { encodeWords, wordRow } from "../../src/examples/tokens.ts";
import type { Part } from "../../src/tokenizer/compat.ts";
import { tokenizerOf } from "../../src/tokenizer/tokenizer.ts";

const path = join(import.meta.dirname, "../tokenizer/fixtures/wordpiece.json");
const tokenizer = tokenizerOf(JSON.parse(readFileSync(path, "utf8")) as Part, {}, [], path);
const columns = { textColumn: "text", labelColumn: "label" };
const where = "train.jsonl:4";

describe("wordRow", () => {
  test("reads the usual columns, or those it is told to", () => {
    const expected = { words: ["a", "b"], tags: ["O", "B"], where };
    expect(wordRow({ values: { tokens: ["a", "b"], ner_tags: ["O", "B"] }, where }, columns)).toEqual(expected);
    expect(wordRow({ values: { words: ["a", "b"], labels: ["O", "B"] }, where }, columns)).toEqual(expected);
    const own = { textColumn: "w", labelColumn: "t" };
    expect(wordRow({ values: { w: ["a", "b"], t: ["O", "B"], tokens: [] }, where }, own)).toEqual(expected);
    expect(() => wordRow({ values: { tokens: ["a"], t: ["O"] }, where }, own)).toThrow(/no column "w"/);
  });

  test.each([
    [{ tokens: ["a", "b"], labels: [1] }, /2 words but 1 labels\n.*train.jsonl:4/],
    [{ tokens: "a b", labels: [1, 2] }, /words of this row are not a list: "a b"\n.*train.jsonl:4/],
    [{ tokens: ["a", 1], labels: [1, 2] }, /contains 1\n.*train.jsonl:4\n.*strings/],
    [{ tokens: ["a"], labels: [null] }, /holds null\n.*train.jsonl:4/],
  ])("refuses %j", (values, message) => expect(() => wordRow({ values, where }, columns)).toThrow(message));
});

describe("encodeWords", () => {
  const row = { words: ["The", "zzz", "\u200b", "rent"], tags: ["O", "B", "O", "I"], where };
  const labels = labelsOf(row.tags.map((label) => ({ label, where })));

  test("the first token of a word carries its label, nothing else does", () => {
    const example = encodeWords(row, tokenizer, labels, 20);
    const zzz = tokenizer.encode("zzz", { maxLength: 9 }).ids.length - 2;
    const rent = tokenizer.encode("rent", { maxLength: 9 }).ids.length - 2;
    const rest = (count: number) => Array<number>(count - 1).fill(-100);
    expect(labels.names).toEqual(["B", "I", "O"]);
    expect([...example!.labels]).toEqual([-100, 2, 0, ...rest(zzz), 1, ...rest(rent), -100]);
    expect(example!.ids.length).toBe(example!.labels.length);
  });

  test("truncation keeps the final special token untrained", () => {
    const example = encodeWords(row, tokenizer, labels, 4);
    expect([...example!.labels]).toEqual([-100, 2, 0, -100]);
  });

  test("a row without tokens is left out", () =>
    expect(encodeWords({ words: ["\u200b"], tags: ["O"], where }, tokenizer, labels, 20)).toBeUndefined());
});
