import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openTrained } from "../../src/assemble/open-trained.ts";
import { CPU } from "../../src/devices/engine.ts";
import { AdapterError } from "../../src/errors.ts";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { readCheckpoint } from "../../src/formats/transformers/checkpoint.ts";
import { mergeAdapter } from "../../src/merging/merge-adapter.ts";
import { Random } from "../../src/random.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { feedsOf } from "../../src/tasks/feeds.ts";
import { fixture, recipeOf, runHere, temporary } from "../running.ts";

/** As `test/parity/make_output_layer_fixtures.py` writes it: logits of the last token. */
const { ids, logits } = JSON.parse(readFileSync(fixture("output-layer/expected.json"), "utf8")) as {
  ids: number[];
  logits: Record<string, number[]>;
};
const base = fixture("causal/qwen2");
const TASK = { task_type: "CAUSAL_LM" };
const ROW = { text: "This agreement is governed by the laws of Delaware." };
const recipe = (model = base) => resolveRecipe(recipeOf({ ...TASK, model_name_or_path: model }));

/** What a model says after the last token. */
async function lastLogits(model: string, adapter?: string): Promise<number[]> {
  const { model: opened, weights } = await openTrained(recipe(model), adapter);
  const session = await CPU.compile(opened.graph, weights);
  try {
    const example = { ids: Int32Array.from(ids), labels: Int32Array.from(ids), where: "the sample" };
    const { tensors } = feedsOf(opened.graph, [example as never], opened.tokenizer.padId, Random.seed(0));
    const found = (await session.run(tensors, ["logits"])).logits?.data as Float32Array;
    return [...found.slice(-(logits.output?.length ?? 0))];
  } finally {
    await session.close();
  }
}

const furthest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? Number.NaN))));

describe.each(Object.entries(logits))("an adapter of one end of a shared weight: %s", (name, wanted) => {
  const adapter = fixture(`output-layer/${name}`);

  test("says what PEFT's model says, and so does the merged model, untied", async () => {
    expect(furthest(await lastLogits(base, adapter), wanted)).toBeLessThan(2e-5);
    const out = `${temporary()}/merged`;
    const report = await mergeAdapter({ base: await readCheckpoint(base), adapterFolder: adapter, out });
    expect(report.untied).toBe(true);
    writeTokenizer(out);
    expect(furthest(await lastLogits(out), wanted)).toBeLessThan(2e-5);
  });

  test("goes on training under dropout, is saved, and loads again", async () => {
    const rows = { train: [ROW], test: [ROW] };
    const output_dir = `${temporary()}/out`;
    const keys = { ...TASK, model_name_or_path: base, adapter_name_or_path: adapter, learning_rate: 1e-2 };
    const [before] = (await runHere({ ...keys, max_steps: 1, lora_dropout: 0 }, { rows })).losses;
    const { events } = await runHere({ ...keys, max_steps: 6, lora_dropout: 0.1, output_dir }, { rows });
    // Losses of single steps say little here: with so large an update, the masks move them by 0.5 and more.
    const after = events.flatMap((event) => (event.kind === "eval" ? [event.metrics.eval_loss] : [])).at(-1);
    expect(after).toBeLessThan((before as number) - 1);
    const again = await lastLogits(base, output_dir);
    expect(again.every(Number.isFinite)).toBe(true);
    expect(furthest(again, wanted)).toBeGreaterThan(0.1);
  });
});

test("another base's output layer beside the adapter is refused", async () => {
  const folder = temporary();
  const { tensors } = await readSafetensors(fixture("output-layer/output/adapter_model.safetensors"));
  const other = [...tensors].map(([name, entry]) => {
    if (!name.endsWith("base_layer.weight")) return [name, entry] as const;
    return [name, { dtype: entry.dtype, shape: entry.shape, data: new Uint8Array(entry.byteLength) }] as const;
  });
  await writeSafetensors(`${folder}/adapter_model.safetensors`, other);
  writeFileSync(`${folder}/adapter_config.json`, readFileSync(fixture("output-layer/output/adapter_config.json")));
  const refused = openTrained(recipe(), folder);
  await expect(refused).rejects.toThrow(AdapterError);
  await expect(refused).rejects.toThrow(
    /contains lm_head.base_layer.weight, whose values differ from the base model's model.embed_tokens/,
  );
});

test("an output layer is taken by name, with dropout, and not by all-linear", async () => {
  const rows = { train: [ROW] };
  const keys = { ...TASK, model_name_or_path: base, max_steps: 4, learning_rate: 1e-2, lora_dropout: 0.1 };
  const named = await runHere({ ...keys, lora_target_modules: ["q_proj", "lm_head"] }, { rows });
  expect(named.losses[3]).toBeLessThan(named.losses[0] as number);
  const saved = async (targets: unknown) => {
    const output_dir = `${temporary()}/out`;
    await runHere({ ...keys, output_dir, lora_target_modules: targets }, { rows });
    return [...(await readSafetensors(`${output_dir}/adapter_model.safetensors`)).tensors.keys()];
  };
  const isOutput = (name: string): boolean => name.includes("lm_head");
  const parts = (await saved(["q_proj", "lm_head"])).filter(isOutput).map((name) => name.replace(/^.*lm_head\./, ""));
  expect(parts.sort()).toEqual(["base_layer.weight", "lora_A.weight", "lora_B.weight"]);
  expect((await saved("all-linear")).filter(isOutput)).toHaveLength(0);
});

/** The tokenizer beside a merged model. */
function writeTokenizer(folder: string): void {
  for (const file of ["tokenizer.json", "tokenizer_config.json"]) {
    if (!existsSync(`${folder}/${file}`)) copyFileSync(`${base}/${file}`, `${folder}/${file}`);
  }
}
