import fc from "fast-check";
import { expect, test } from "vitest";
import { languageRow } from "../../src/chat/language-row.ts";
import { parseJson } from "../../src/data/json-text.ts";
import { parseRow } from "../../src/data/row.ts";
import { SourceNumber } from "../../src/data/source-number.ts";
import { asLabel, textRow } from "../../src/examples/classification.ts";

test("any JSON is what JSON.parse makes of it, numbers aside", () =>
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.nat(2), (json, indent) => {
      const text = JSON.stringify(JSON.parse(json), null, indent);
      expect(JSON.parse(JSON.stringify(parseJson(text)))).toEqual(JSON.parse(JSON.stringify(JSON.parse(text))));
    }),
  ));

test("numbers that JavaScript writes differently keep their digits, at any depth; others stay numbers", () => {
  const value = parseJson(
    '{"a": 12345678901234567890, "b": [1.0, {"c": -0, "d": 1e3}], "e": [1, 0.5, -7], "f": "1.0 \\\\\\" 2.0"}',
  );
  expect(value).toEqual({
    a: new SourceNumber("12345678901234567890"),
    b: [new SourceNumber("1.0"), { c: new SourceNumber("-0"), d: new SourceNumber("1e3") }],
    e: [1, 0.5, -7],
    f: '1.0 \\" 2.0',
  });
});

test.each(["12345678901234567890", "1.0", "1e3", "0.10", "42"])("a text column shows the digits %s", (digits) => {
  const row = parseRow(`{"text": ${digits}, "label": 1}`, "a:1", "");
  expect(textRow(row, { textColumn: "text", labelColumn: "label" }).text).toBe(digits);
  expect(languageRow(row, { textColumn: "text" })).toMatchObject({ kind: "text", text: digits });
});

test("as a label, 1.0 is the class 1; digits that an integer would lose are shown as they stand", () => {
  const label = (digits: string) => asLabel(parseJson(digits), "label", "a:1");
  expect(label("1.0")).toBe(1);
  expect(() => label("12345678901234567890")).toThrow(/holds 12345678901234567890\n/);
  expect(() => label("1.50")).toThrow(/holds 1.50\n/);
});

test("an empty label is refused with its place", () => {
  expect(() => asLabel("", "label", "a.csv:2")).toThrow(/column "label" is empty here\n.*a.csv:2/);
});
