import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, describe, expect, test } from "vitest";
import { METHODS } from "../src/methods/keys/index.ts";
import { parseRecipe } from "../src/recipe/parse.ts";
import { resolveRecipe } from "../src/recipe/resolve.ts";
import type { plan as Plan } from "../src/verbs/plan.ts";

/** Compiled: it measures in a thread. */
const compiled = new URL("../dist/verbs/plan.js", import.meta.url).href;
const { plan } = (await import(compiled)) as { plan: typeof Plan };

const FIXTURES = "test/parity/fixtures";

/** A tiny model and data in place of a recipe's own. */
const TINY: Readonly<Record<string, readonly string[]>> = {
  SEQ_CLS: [`--model_name_or_path=${FIXTURES}/bert`, `--dataset_name=${FIXTURES}/data`],
  TOKEN_CLS: [
    ...[`--model_name_or_path=${FIXTURES}/bert-tokens`, `--dataset_name=${FIXTURES}/data`],
    ...["--dataset_train_split=train-tokens", "--dataset_test_split=test-tokens"],
  ],
  MASKED_LM: [
    ...[`--model_name_or_path=${FIXTURES}/masked/bert`, `--dataset_name=${FIXTURES}/data`],
    "--dataset_validation_split=test",
  ],
  FEATURE_EXTRACTION: tinySearch(),
  CAUSAL_LM: [`--model_name_or_path=${FIXTURES}/causal/llama`, `--dataset_name=${FIXTURES}/data`],
};

/** The tiny BERT, and the beginning of each text as a query that it answers. */
function tinySearch(): string[] {
  const folder = mkdtempSync(`${tmpdir()}/lowrank-recipes-`);
  afterAll(() => rmSync(folder, { recursive: true }));
  const rows = readFileSync(`${FIXTURES}/data/train.jsonl`, "utf8").trim().split("\n").map((line) => JSON.parse(line)); // biome-ignore format: a chain
  const pairs = rows.map(({ text }) => ({ anchor: text.slice(0, 8), positive: text }));
  writeFileSync(`${folder}/pairs.jsonl`, pairs.map((row) => JSON.stringify(row)).join("\n"));
  return [`--model_name_or_path=${FIXTURES}/bert-bare`, `--dataset_name=${folder}/pairs.jsonl`];
}

/** For `qlora-chat.yaml`: the tiny Llama with a chat template, and the rows as conversations. */
function tinyChat(): string[] {
  const folder = mkdtempSync(`${tmpdir()}/lowrank-recipes-`);
  afterAll(() => rmSync(folder, { recursive: true }));
  cpSync(`${FIXTURES}/causal/llama`, `${folder}/model`, { recursive: true });
  const turns = "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}";
  const template = `${turns}{% if add_generation_prompt %}assistant: {% endif %}`;
  writeFileSync(`${folder}/model/chat_template.jinja`, template);
  const rows = readFileSync(`${FIXTURES}/data/train.jsonl`, "utf8").trim().split("\n").map((line) => JSON.parse(line)); // biome-ignore format: a chain
  const chats = rows.map(({ text, label }) => ({
    messages: [
      { role: "user", content: text.slice(0, 40) }, // the tiny model has few positions
      { role: "assistant", content: label },
    ],
  }));
  writeFileSync(`${folder}/chats.jsonl`, chats.map((row) => JSON.stringify(row)).join("\n"));
  return [`--model_name_or_path=${folder}/model`, `--dataset_name=${folder}/chats.jsonl`];
}

const recipes = readdirSync("recipes").filter((file) => file.endsWith(".yaml"));
const read = (file: string) => parseRecipe(readFileSync(`recipes/${file}`, "utf8"), { file });

describe.each(recipes)("recipes/%s", (file) => {
  test.each(METHODS)("holds together under %s", (method) => {
    expect(resolveRecipe(read(file), method)).toMatchObject({ method, output_dir: expect.stringMatching(/^out\//) });
  });

  const { task_type, method, method_overrides = {}, packing } = read(file);
  const tiny = file === "qlora-chat.yaml" ? tinyChat() : TINY[task_type]!;
  test.each([method, ...Object.keys(method_overrides)])("is planned under %s", async (method) => {
    const keys = Object.fromEntries(tiny.map((flag) => flag.slice(2).split("=")));
    const recipe = parseRecipe(readFileSync(`recipes/${file}`, "utf8"), { file, overrides: { ...keys, method } });
    const planned = await plan(recipe);
    expect(planned).toMatchObject({ method, ...(!packing && { examples: 48 }) });
    expect(planned.trainableParameters).toBeGreaterThan(0);
  });
});
