import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { languageRow } from "../../src/chat/language-row.ts";
import { readRows } from "../../src/data/read.ts";
import { causalEncoder } from "../../src/examples/causal.ts";
import { chatTokenizer } from "../chat/chat-fixture.ts";
import { collected } from "./collected.ts";

const folder = join(import.meta.dirname, "fixtures/arrow");
const names = readdirSync(folder).flatMap((name) => (name.endsWith(".parquet") ? [name.slice(0, -8)] : []));

async function valuesOf(file: string) {
  const rows = await collected(await readRows(join(folder, file), "train"));
  return rows.map(({ values }) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)));
}

test.each(names)("%s.parquet, as Arrow wrote it, has the values of its rows in JSON Lines", async (name) => {
  const expected = await valuesOf(`${name}.jsonl`);
  expect(expected.length).toBeGreaterThan(2);
  expect(await valuesOf(`${name}.parquet`)).toEqual(expected);
});

/** Writes what it is given in every way that templates do: as values, as JSON and by the keys that are there. */
const TEMPLATE = `{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}[{{ m.role }}{% if 'name' in m %} {{ m.name }}{% endif %}]
{{ m.content }}{% for call in m.tool_calls or [] %}{{ call | tojson }}{% for key, value in call.function.arguments.items() %}
{{ key }}={{ value }}{% endfor %}{% endfor %}{% endfor %}`;

test.each(names.filter((name) => name.startsWith("chats")))(
  "%s.parquet trains the tokens of its rows in JSON Lines",
  async (name) => {
    const tokenizer = chatTokenizer("bytes", TEMPLATE);
    const encode = causalEncoder({
      tokenizer,
      maxLength: 2000,
      packing: false,
      completionOnlyLoss: false,
      assistantOnlyLoss: false,
    });
    const idsOf = async (file: string) => {
      const rows = await collected(await readRows(join(folder, file), "train"));
      return rows.map((row) => Array.from(encode(languageRow(row, { textColumn: "text" }))?.examples[0]?.ids ?? []));
    };
    const ids = await idsOf(`${name}.parquet`);
    expect(ids).toEqual(await idsOf(`${name}.jsonl`));
    const text = ids.map((each) => tokenizer.decode(each)).join("");
    expect(text).toContain("city=Kiel");
    expect(text).not.toMatch(/null|None|undefined/);
  },
);
