import { expect, test } from "vitest";
import { fixture, type Keys, readJson, rowsOf, runHere, temporary, tensorsOf } from "../running.ts";

const GPT2 = { model_name_or_path: fixture("gpt2"), task_type: "SEQ_CLS" };
const FULL = { ...GPT2, method: "full", optim: "sgd", learning_rate: 0.05, max_steps: 4 };

/** Names and shapes in a file. */
const shapesIn = async (folder: string, file = "model.safetensors"): Promise<Record<string, unknown>> =>
  Object.fromEntries([...(await tensorsOf(`${folder}/${file}`))].map(([name, { shape }]) => [name, shape]));

const run = async (keys: Keys) => runHere({ ...FULL, ...keys });

test("a model whose weights are stored the other way round is saved as it was stored", async () => {
  const output_dir = temporary();
  const { events } = await run({ output_dir });
  expect(await shapesIn(output_dir)).toEqual(await shapesIn(fixture("gpt2")));
  const [trained, base] = [await tensorsOf(`${output_dir}/model.safetensors`), await tensorsOf(`${fixture("gpt2")}/model.safetensors`)]; // biome-ignore format: a pair
  const name = "transformer.h.0.attn.c_proj.weight"; // square: only its numbers tell
  const gap = Math.max(...trained.get(name)!.data.map((x, i) => Math.abs(x - base.get(name)!.data[i]!)));
  expect(gap).toBeGreaterThan(0);
  expect(gap).toBeLessThan(0.1);
  const done = events.find(({ kind }) => kind === "eval") as { metrics: { eval_loss: number } };
  const again = await runHere({ ...FULL, model_name_or_path: output_dir, learning_rate: 0, max_steps: 1 });
  const same = again.events.find(({ kind }) => kind === "eval") as typeof done;
  expect(same.metrics.eval_loss).toBeCloseTo(done.metrics.eval_loss, 6);
});

test("resuming it equals never having stopped", async () => {
  const [whole, output_dir] = [await run({}), temporary()];
  await runHere({ ...FULL, output_dir, save_strategy: "steps", save_steps: 2 }, { stopAfter: 2 });
  const resumed = await run({ output_dir, resume_from_checkpoint: true });
  expect(resumed.losses).toEqual(whole.losses.slice(2));
});

test("the best state of it comes back as it was", async () => {
  const keys = { eval_strategy: "steps", eval_steps: 1, save_strategy: "steps", save_steps: 1 };
  const rows = { ...rowsOf(), validation: rowsOf().test! };
  const { events } = await runHere(
    { ...FULL, ...keys, output_dir: temporary(), learning_rate: 0.5, load_best_model_at_end: true },
    { rows },
  );
  const losses = events.flatMap((event) => (event.kind === "eval" ? [event.metrics.eval_loss] : []));
  expect(losses.at(-1)).toBeCloseTo(Math.min(...losses), 6);
});

test("an adapter for it says so, and a weight trained beside it is saved as the base stores it", async () => {
  const output_dir = temporary();
  const keys = { ...GPT2, method: "lora", lora_modules_to_save: ["h.0.attn.c_proj", "h.1.mlp.c_fc"], lora_dropout: 0 };
  const { events } = await runHere({ ...keys, output_dir });
  expect(readJson(`${output_dir}/adapter_config.json`).fan_in_fan_out).toBe(true);
  const shapes = await shapesIn(output_dir, "adapter_model.safetensors");
  expect(shapes["base_model.model.transformer.h.1.mlp.c_fc.weight"]).toEqual([32, 44]);
  const done = events.find(({ kind }) => kind === "eval") as { metrics: { eval_loss: number } };
  const again = await runHere({ ...GPT2, adapter_name_or_path: output_dir, learning_rate: 0, max_steps: 1 });
  const same = again.events.find(({ kind }) => kind === "eval") as typeof done;
  expect(same.metrics.eval_loss).toBeCloseTo(done.metrics.eval_loss, 6);
});
