import { expect, test } from "vitest";
import { InterruptedError } from "../../src/errors.ts";
import { bytesOf, changedModel, type Keys, type Ran, readJson, readLines, runHere, temporary } from "./running.ts";

const model = await changedModel({ hidden_dropout_prob: 0.1, attention_probs_dropout_prob: 0.1 });

/** Two epochs of six steps of two micro-batches; state at steps 3, 6, 9 and 12. */
const keys: Keys = {
  model_name_or_path: model,
  max_steps: undefined,
  num_train_epochs: 2,
  per_device_train_batch_size: 4,
  gradient_accumulation_steps: 2,
  shuffle_dataset: true,
  group_by_length: true,
  model_dropout: true,
  lora_dropout: 0.1,
  save_strategy: "steps",
  save_steps: 3,
  warmup_steps: 2,
  seed: 7,
};
const METHODS: [name: string, keys: Keys][] = [
  ["full", { method: "full" }],
  ["full, unfrozen gradually", { method: "full", unfreeze_schedule: "gradual", optim: "lion" }],
  ["head", { method: "head" }],
  ["lora", { method: "lora", optim: "adamw_8bit" }],
  ["lora, unfrozen gradually", { method: "lora", unfreeze_schedule: "gradual" }],
  ["dora", { method: "lora", use_dora: true }],
  ["qlora nf4", { method: "qlora" }],
  ["qlora int8", { method: "qlora", load_in_8bit: true }],
  ["adapter", { method: "adapter" }],
];
const FILES = ["adapter_model.safetensors", "adapter.safetensors", "model_head.safetensors", "model.safetensors"];

/** All that a run's last checkpoint holds, but for times and sizes. */
function stateOf(folder: string) {
  const { log_history, random, num_tokens } = readJson(`${folder}/trainer_state.json`) as { log_history: object[] } & Keys;
  const history = log_history.map((record) => ({ ...record, tokens_per_second: 0, rss_bytes: 0 }));
  const files = [...FILES, "optimizer.safetensors"].map((name) => bytesOf(`${folder}/${name}`));
  return { history, random, num_tokens, files };
}
const figuresOf = ({ steps }: Ran) => steps.map(({ step, loss, gradNorm, learningRate }) => [step, loss, gradNorm, learningRate]);

test.each(METHODS)("%s: resumed mid-epoch or from a saved step, a run goes on bit for bit", async (_, method) => {
  const [whole, cut, third] = [temporary(), temporary(), temporary()];
  const never = await runHere({ ...keys, ...method, output_dir: whole });

  const before = await runHere({ ...keys, ...method, output_dir: cut }, { stopAfter: 8 });
  expect(before.error).toBeInstanceOf(InterruptedError);
  const after = await runHere({ ...keys, ...method, output_dir: cut, resume_from_checkpoint: true });
  expect(figuresOf({ ...before, steps: [...before.steps, ...after.steps] })).toEqual(figuresOf(never));
  expect(after.steps[0]?.step).toBe(9);
  expect(stateOf(`${cut}/checkpoint-12`)).toEqual(stateOf(`${whole}/checkpoint-12`));
  expect(stateOf(cut)).toEqual(stateOf(whole));
  expect(readLines(`${cut}/metrics.jsonl`).map(({ event, step }) => [event, step])).toEqual(
    readLines(`${whole}/metrics.jsonl`).map(({ event, step }) => [event, step]),
  );

  const checkpoint = `${whole}/checkpoint-3`;
  const again = await runHere({ ...keys, ...method, output_dir: third, resume_from_checkpoint: checkpoint });
  expect(figuresOf(again)).toEqual(figuresOf(never).slice(3));
  expect(stateOf(third)).toEqual(stateOf(whole));
});
