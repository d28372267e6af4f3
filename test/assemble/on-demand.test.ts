import { expect, test } from "vitest";
import { encodeSplit } from "../../src/assemble/data.ts";
import { openBase, prepare } from "../../src/assemble/prepare.ts";
import { RowStore } from "../../src/examples/row-store.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { textClassification } from "../../src/tasks/seq-cls.ts";
import { bytesOf, recipeOf, runHere, temporary } from "../running.ts";

const recipe = resolveRecipe(recipeOf({ task_type: "SEQ_CLS" }));
const MANY = 50_000;

/** Rows of one to nine words; every thousandth has none, every other thousandth is punctuation. */
const many = Array.from({ length: MANY + 4 }, (_, i) => ({
  text: i % 1000 === 7 ? " \u200b " : i % 1000 === 507 ? "?!" : "the tenant pays rent ".repeat(1 + (i % 9)),
  label: i % 2,
}));
const splitOfRows = (count: number) =>
  textClassification.split(
    many.slice(0, count).map((values, i) => ({ values, where: `rows:${i + 1}` })),
    recipe,
  );

test("rows come back by number, from memory or from disk", () => {
  for (const heldBytes of [1e9, 1000, 0]) {
    const store = new RowStore<{ text: string; at: number }>(heldBytes);
    const rows = ["", 'a"\n', "\ud800é𠀋", "x".repeat(9000)].map((text, at) => ({ text, at }));
    for (const row of rows) store.add(row);
    expect([3, 0, 2, 1, 1].map((at) => store.at(at))).toEqual([3, 0, 2, 1, 1].map((at) => rows[at]));
    store.close();
  }
});

test("of many rows the examples are those that all would be tokenised to, and the same rows are left out", async () => {
  const split = await splitOfRows(many.length);
  const model = prepare(recipe, await openBase(recipe), split);
  const later = await encodeSplit(split, model, { onDemand: true });
  const split2 = await splitOfRows(many.length);
  const now = await encodeSplit(split2, model);
  expect(later.warnings).toEqual(now.warnings);
  expect(later.warnings[0]).toMatch(/^50 rows were skipped.*first at rows:8: no token/);
  expect(later.examples.length).toBe(now.examples.length);
  for (let row = 0; row < now.examples.length; row += 97) expect(later.examples.at(row)).toEqual(now.examples.at(row));
  const off = Array.from(now.examples.lengths, (length, row) =>
    Math.abs(length - (later.examples.lengths[row] as number)),
  );
  expect(Math.max(...off)).toBeLessThanOrEqual(2);
  expect(Array.from(later.examples.labelled)).toEqual(Array.from(now.examples.labelled));
  later.examples.close();
});

test("few rows are tokenised before the first step, as a budget of tokens needs all lengths", async () => {
  const few = await splitOfRows(100);
  expect(few.onDemand).toBeUndefined();
  const split = await splitOfRows(many.length);
  const budget = resolveRecipe(recipeOf({ task_type: "SEQ_CLS", max_batch_tokens: 64 }));
  let rows = 0;
  const model = prepare(budget, await openBase(budget), split);
  await encodeSplit(split, model, { onDemand: true, onRow: () => rows++ });
  expect(rows).toBe(many.length);
});

test("a run on many rows goes on bit for bit", { timeout: 120_000 }, async () => {
  const keys = {
    ...{ method: "lora", shuffle_dataset: true, group_by_length: true, lora_dropout: 0.1, seed: 3 },
    ...{ save_strategy: "steps", save_steps: 2, eval_strategy: "no", max_steps: 4 },
  };
  const rows = { train: many };
  const [whole, cut] = [temporary(), temporary()];
  await runHere({ ...keys, output_dir: whole }, { rows });
  await runHere({ ...keys, output_dir: cut }, { rows, stopAfter: 2 });
  await runHere({ ...keys, output_dir: cut, resume_from_checkpoint: true }, { rows });
  const [a, b] = [whole, cut].map((folder) => bytesOf(`${folder}/adapter_model.safetensors`));
  expect(a).toEqual(b);
});
