import { rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openBase, prepare, weightsOf } from "../../src/assemble/prepare.ts";
import { OutOfMemoryError } from "../../src/errors.ts";
import { readSafetensors, type TensorSource, writeSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { writeTensors } from "../../src/formats/safetensors/tensors.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../../src/quant/half.ts";
import { Random } from "../../src/random.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { predict } from "../../src/verbs/predict.ts";
import { changedModel, copyOf, type Keys, readJson, recipeOf, runHere, temporary, tensorsOf } from "../running.ts";

const run = async (keys: Keys) => (await runHere({ method: "full", max_steps: 3, optim: "sgd", learning_rate: 0.1, eval_strategy: "no", ...keys })).losses; // biome-ignore format: one line
const single = await run({});

/** The tiny model, its weights written anew. */
async function rewritten(write: (folder: string, tensors: Awaited<ReturnType<typeof tensorsOf>>) => Promise<void>) {
  const folder = await changedModel();
  const tensors = await tensorsOf(`${folder}/model.safetensors`);
  rmSync(`${folder}/model.safetensors`);
  await write(folder, tensors);
  return { model_name_or_path: folder };
}
const renamed = async (rename: (name: string) => string) => ({
  model_name_or_path: await changedModel({}, (tensors) => [...tensors].map(([name, tensor]) => [rename(name), tensor])),
});

describe("the same model in other files trains the same", () => {
  test("a base checkpoint without the prefix", async () => {
    expect(await run(await renamed((name) => name.replace(/^bert\./, "")))).toEqual(single);
  });

  test("gamma and beta, as the first BERT files call them", async () => {
    const old = (name: string) =>
      name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
    expect(await run(await renamed(old))).toEqual(single);
    expect(await run(await renamed((name) => old(name).replace(/^bert\./, "")))).toEqual(single);
  });

  test("shards and their index", async () => {
    const keys = await rewritten(async (folder, tensors) => {
      const halves = [[...tensors].slice(0, 20), [...tensors].slice(20)];
      const weight_map: Record<string, string> = {};
      for (const [i, half] of halves.entries()) {
        const file = `model-0000${i + 1}-of-00002.safetensors`;
        for (const [name] of half) weight_map[name] = file;
        await writeSafetensors(
          `${folder}/${file}`,
          half.map(([name, tensor]) => [name, { dtype: "F32", ...tensor }]),
        );
      }
      writeFileSync(`${folder}/model.safetensors.index.json`, JSON.stringify({ metadata: {}, weight_map }));
    });
    expect(await run(keys)).toEqual(single);
  });

  test.each([
    ["F16", float32ToFloat16, 2e-3],
    ["BF16", float32ToBfloat16, 2e-2],
  ] as const)("%s, but for its rounding", async (dtype, convert, tolerance) => {
    const half = await rewritten((folder, tensors) =>
      writeSafetensors(
        `${folder}/model.safetensors`,
        [...tensors].map(([name, { shape, data }]) => [name, { dtype, shape, data: convert(data) } as TensorSource]),
      ),
    );
    const losses = await run(half);
    expect(losses).not.toEqual(single);
    for (const [i, loss] of losses.entries()) expect(Math.abs(loss - single[i]!)).toBeLessThan(tolerance);
    const path = `${half.model_name_or_path}/model.safetensors`;
    expect((await readSafetensors(path)).tensors.get("classifier.weight")?.dtype).toBe(dtype);
    // The rounded numbers themselves, written in full, are the same model.
    const tensors = await tensorsOf(path);
    expect(await run({ model_name_or_path: await changedModel({}, () => tensors) })).toEqual(losses);
  });
});

test("an output layer for other labels is drawn afresh; what is missing above the base is named", async () => {
  const rows = { train: ["A", "B", "C"].map((label) => ({ text: "State", label })) };
  const { trained, events } = await runHere({ method: "head", max_steps: 1 }, { rows });
  expect(trained?.get("classifier.weight")?.shape).toEqual([3, 32]);
  expect(events.filter(({ kind }) => kind === "warning")).toEqual([]);
  const bare = copyOf("modernbert");
  const weights = `${bare}/model.safetensors`;
  await writeTensors(
    weights,
    [...(await tensorsOf(weights))].filter(([name]) => !name.startsWith("head.")),
  );
  const lacking = await runHere({ method: "lora", max_steps: 1, model_name_or_path: bare });
  expect(lacking.events.find(({ kind }) => kind === "warning")).toMatchObject({
    message: expect.stringMatching(
      /^the checkpoint lacks head\.dense.*; they are randomly initialized, and this method does not/,
    ),
  });
});

test("a pooler that the checkpoint lacks is part of the head: its adapter can be used", async () => {
  const bare = await changedModel({}, (tensors) => [...tensors].filter(([name]) => !/pooler|classifier/.test(name)));
  const output_dir = temporary();
  const { events } = await runHere({ method: "lora", max_steps: 1, model_name_or_path: bare, output_dir });
  expect(events.filter(({ kind }) => kind === "warning")).toEqual([]);
  expect(readJson(`${output_dir}/adapter_config.json`)).toMatchObject({
    modules_to_save: expect.arrayContaining(["classifier", "pooler"]),
  });
  const { data } = (await tensorsOf(`${output_dir}/adapter_model.safetensors`)).get("base_model.model.bert.pooler.dense.weight")!; // biome-ignore format: one step
  expect(data.some((value) => value !== 0)).toBe(true);
  for await (const said of predict({ adapter: output_dir, texts: ["State"] })) expect(said).toHaveProperty("label");
});

test("a model from scratch that is larger than the machine's memory is refused before anything is drawn", async () => {
  const folder = copyOf("causal/llama");
  const config = readJson(`${folder}/config.json`);
  const huge = { ...config, hidden_size: 1_000_000, head_dim: 16, intermediate_size: 1_000_000 };
  writeFileSync(`${folder}/config.json`, JSON.stringify(huge));
  const keys = { model_name_or_path: folder, task_type: "CAUSAL_LM", method: "full", from_scratch: true };
  const recipe = resolveRecipe(recipeOf(keys));
  const model = prepare(recipe, await openBase(recipe), undefined);
  const refused = weightsOf(model, Random.seed(0));
  await expect(refused).rejects.toThrow(OutOfMemoryError);
  await expect(refused).rejects.toThrow(
    /a model of this size takes [\d,.]+ GiB, but this machine has [\d,.]+ GiB\.\n {2}at: .*config\.json/,
  );
});
