import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { languageRow } from "../../src/chat/language-row.ts";
import { lookAtRows } from "../../src/verbs/init/rows.ts";
import { temporary } from "../running.ts";

const REFUSAL =
  /preference data \((chosen and rejected|prompt, completion and a label of true or false)\)[\s\S]*\{prompt, completion\}/;
const message = { role: "assistant", content: "Yes." };

const PREFERENCES: readonly Readonly<Record<string, unknown>>[] = [
  { prompt: "Is it?", chosen: "Yes, it is, as far as anyone knows.", rejected: "No." },
  { chosen: "Is it? Yes.", rejected: "Is it? No." },
  { prompt: [message], chosen: [message], rejected: [message] },
  { prompt: "Is it?", completion: "Yes.", label: true },
];

describe.each(PREFERENCES.map((row) => [Object.keys(row).join(", "), row] as const))("%s", (_, values) => {
  test("is refused as a row of a language model", () =>
    expect(() => languageRow({ values, where: "d.jsonl:1" }, { textColumn: "text" })).toThrow(REFUSAL));

  test("is refused by init, which would take one reply alone", async () => {
    const path = `${temporary()}/d.jsonl`;
    writeFileSync(path, `${JSON.stringify(values)}\n`);
    await expect(lookAtRows({ dataset_name: path })).rejects.toThrow(REFUSAL);
  });
});

test("a column that is named is read, and other labels beside a completion do no harm", async () => {
  const [pair] = PREFERENCES;
  const row = { values: pair!, where: "d.jsonl:1" };
  expect(languageRow(row, { textColumn: "chosen" })).toMatchObject({ kind: "text", text: pair!.chosen });
  const rated = { values: { prompt: "a", completion: "b", label: "good" }, where: "d.jsonl:1" };
  expect(languageRow(rated, { textColumn: "text" }).kind).toBe("completion");
  const path = `${temporary()}/d.jsonl`;
  writeFileSync(path, `${JSON.stringify(pair)}\n`);
  const { uses } = await lookAtRows({ dataset_name: path, text_column: "chosen" });
  expect(uses[0]).toMatchObject({ keys: { text_column: "chosen" } });
});
