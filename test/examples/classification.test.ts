import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { encodeText, type TextRow, textRow } from "../../src/examples/classification.ts";
import { rowEncoder } from "../../src/examples/encode.ts";
import { labelsOf } from "../../src/examples/labels.ts";
import type { Part } from "../../src/tokenizer/compat.ts";
import { tokenizerOf } from "../../src/tokenizer/tokenizer.ts";
import { encodeAll } from "../data/collected.ts";

const path = join(import.meta.dirname, "../tokenizer/fixtures/wordpiece.json");
const tokenizer = tokenizerOf(JSON.parse(readFileSync(path, "utf8")) as Part, {}, [], path);
const columns = { textColumn: "text", labelColumn: "label" };
const rows = (...values: Record<string, unknown>[]) =>
  values.map((row, i) => ({ values: row, where: `train.jsonl:${i + 1}` }));

describe("textRow", () => {
  test("reads the columns it is told to", () => {
    const own = { textColumn: "clause", labelColumn: "kind" };
    const read = rows({ clause: "a", kind: "x" }, { clause: 2019, kind: "y" });
    expect(read.map((row) => textRow(row, own))).toEqual([
      { text: "a", label: "x", where: "train.jsonl:1" },
      { text: "2019", label: "y", where: "train.jsonl:2" },
    ]);
  });

  test("a row without the column: names its place and the columns it has", () => {
    const given = rows({ text: "a", label: 0 }, { clause: "b", label: 0 });
    expect(() => given.map((row) => textRow(row, columns))).toThrow(
      /no column "text"\n.*train.jsonl:2\n.*its columns: clause, label\n.*text_column: clause/,
    );
  });

  test.each([
    [{ text: null, label: 0 }, /column "text" holds null\n.*train.jsonl:1\n.*a text/],
    [{ text: "a", label: 0.5 }, /column "label" holds 0.5\n.*train.jsonl:1\n.*integer or a string/],
    [{ text: "a", label: null }, /column "label" holds null/],
  ])("refuses %j", (row, message) => expect(() => textRow(rows(row)[0]!, columns)).toThrow(message));
});

describe("encodeText", () => {
  const labels = labelsOf(rows({}, {}).map(({ where }, i) => ({ label: ["no", "yes"][i]!, where })));
  const encode = (text: string, label = "yes") =>
    encodeText({ text, label, where: "test.jsonl:9" }, tokenizer, labels, 6);

  test("ids within max_length, class by its number", () => {
    const example = encode("The tenant shall pay the rent on the first day");
    expect(example).toMatchObject({ label: 1, where: "test.jsonl:9" });
    expect([...example!.ids]).toEqual(tokenizer.encode("the tenant shall pay the rent", { maxLength: 6 }).ids);
    expect(example!.ids.length).toBe(6);
  });

  test("a label never seen in training is refused with its place", () =>
    expect(() => encode("text", "maybe")).toThrow(/"maybe" does not occur in the training data\n.*test.jsonl:9/));

  test("texts that are empty once tokenised are left out with their place", () => {
    const texts = ["rent", "", " \u200b\n"].map((text, i) => ({ text, label: "no", where: `a:${i + 1}` }));
    const encoder = () => rowEncoder<TextRow>((row) => [encodeText(row, tokenizer, labels, 6)].filter((one) => !!one));
    const { examples, skipped } = encodeAll(encoder(), texts);
    expect([...examples].map(({ where }) => where)).toEqual(["a:1"]);
    expect(skipped).toMatchObject({ count: 2, first: "a:2" });
    const none = () => encodeAll(encoder(), texts.slice(1));
    expect(none).toThrow(/none of the 2 rows has anything to train on.*\n.*a:2/);
  });
});
