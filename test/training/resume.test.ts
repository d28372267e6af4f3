import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { InterruptedError } from "../../src/errors.ts";
import {
  bytesOf,
  changedModel,
  type Keys,
  type Ran,
  readJson,
  readLines,
  rowsOf,
  runHere,
  temporary,
} from "../running.ts";

const model = await changedModel({ hidden_dropout_prob: 0.1, attention_probs_dropout_prob: 0.1 });

/** Two epochs of three steps of two micro-batches, the last one smaller; state at steps 2, 4 and 6. */
const keys: Keys = {
  model_name_or_path: model,
  max_steps: undefined,
  num_train_epochs: 2,
  max_train_samples: 22,
  per_device_train_batch_size: 4,
  gradient_accumulation_steps: 2,
  shuffle_dataset: true,
  group_by_length: true,
  model_dropout: true,
  lora_dropout: 0.1,
  save_strategy: "steps",
  save_steps: 2,
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
  const { log_history, random, num_tokens } = readJson(`${folder}/trainer_state.json`) as {
    log_history: object[];
  } & Keys;
  const history = log_history.map((record) => ({ ...record, tokens_per_second: 0, rss_bytes: 0 }));
  const files = [...FILES, "optimizer.safetensors"].map((name) => bytesOf(`${folder}/${name}`));
  return { history, random, num_tokens, files };
}
const figuresOf = ({ steps }: Ran) =>
  steps.map(({ step, loss, gradNorm, learningRate }) => [step, loss, gradNorm, learningRate]);

test("with a budget of tokens, of which epochs differ in length, a run goes on bit for bit", async () => {
  const [whole, cut] = [temporary(), temporary()];
  const budget: Keys = { ...keys, method: "lora", per_device_train_batch_size: 1, max_batch_tokens: 60 };
  const never = await runHere({ ...budget, output_dir: whole });
  const last = never.steps.length;
  expect(last).toBeGreaterThan(3);
  expect(last).toBeLessThan(22); // as many as with a row a micro-batch

  const before = await runHere({ ...budget, output_dir: cut }, { stopAfter: last - 2 });
  expect(before.error).toBeInstanceOf(InterruptedError);
  const after = await runHere({ ...budget, output_dir: cut, resume_from_checkpoint: true });
  expect(figuresOf({ ...before, steps: [...before.steps, ...after.steps] })).toEqual(figuresOf(never));
  expect(stateOf(cut)).toEqual(stateOf(whole));
});

test.each(METHODS)("%s: resumed mid-epoch or from a saved step, a run goes on bit for bit", async (_, method) => {
  const [whole, cut, third] = [temporary(), temporary(), temporary()];
  const never = await runHere({ ...keys, ...method, output_dir: whole });

  const before = await runHere({ ...keys, ...method, output_dir: cut }, { stopAfter: 5 });
  expect(before.error).toBeInstanceOf(InterruptedError);
  const after = await runHere({ ...keys, ...method, output_dir: cut, resume_from_checkpoint: true });
  expect(figuresOf({ ...before, steps: [...before.steps, ...after.steps] })).toEqual(figuresOf(never));
  expect(after.steps[0]?.step).toBe(6);
  expect(stateOf(`${cut}/checkpoint-6`)).toEqual(stateOf(`${whole}/checkpoint-6`));
  expect(stateOf(cut)).toEqual(stateOf(whole));
  expect(readLines(`${cut}/metrics.jsonl`).map(({ event, step }) => [event, step])).toEqual(
    readLines(`${whole}/metrics.jsonl`).map(({ event, step }) => [event, step]),
  );

  const checkpoint = `${whole}/checkpoint-2`;
  const again = await runHere({ ...keys, ...method, output_dir: third, resume_from_checkpoint: checkpoint });
  expect(figuresOf(again)).toEqual(figuresOf(never).slice(2));
  expect(stateOf(third)).toEqual(stateOf(whole));
});

test("one seed is one run, byte for byte; another seed is another", async () => {
  const [first, second, other] = [temporary(), temporary(), temporary()];
  const short = { ...keys, method: "lora", max_steps: 2 };
  await runHere({ ...short, output_dir: first });
  await runHere({ ...short, output_dir: second });
  await runHere({ ...short, output_dir: other, seed: 8 });
  expect(stateOf(`${second}/checkpoint-2`)).toEqual(stateOf(`${first}/checkpoint-2`));
  expect(stateOf(`${other}/checkpoint-2`).files[0]).not.toBe(stateOf(`${first}/checkpoint-2`).files[0]);
});

test("full fine-tuning gives the same bytes at every run, however often tokens repeat", async () => {
  const text = Array.from({ length: 60 }, (_, i) => ["the", "supplier", "may"][i % 3]).join(" ");
  const rows = { train: rowsOf().train!.map((row) => ({ ...row, text: `${text} ${row.text}` })) };
  const many = { ...keys, method: "full", max_steps: 2, per_device_train_batch_size: 16 };
  const run = async (): Promise<unknown> => {
    const folder = temporary();
    await runHere({ ...many, output_dir: folder }, { rows });
    return stateOf(`${folder}/checkpoint-2`);
  };
  const first = await run();
  for (let i = 0; i < 4; i++) expect(await run()).toEqual(first);
});

test("an evaluation that the interruption cut short is made up for", async () => {
  const [whole, cut] = [temporary(), temporary()];
  const rows = { ...rowsOf(), dev: rowsOf().test ?? [] };
  const evaluated = {
    ...keys,
    method: "lora",
    max_steps: 5,
    eval_strategy: "steps",
    eval_steps: 2,
    load_best_model_at_end: true,
    save_total_limit: 1,
  };
  await runHere({ ...evaluated, output_dir: whole }, { rows });
  const stopped = await runHere({ ...evaluated, output_dir: cut }, { rows, stopAfter: 2 });
  expect(stopped.events.map(({ kind }) => kind)).toEqual(["start", "step", "step"]);
  expect(String(stopped.error)).toContain("stopped after step 2 of 5.\n  at: ");
  await runHere({ ...evaluated, output_dir: cut, resume_from_checkpoint: true }, { rows });
  expect(stateOf(cut)).toEqual(stateOf(whole));
});

test("a log that ran ahead of the checkpoint is cut back to it", async () => {
  const folder = temporary();
  const short = { ...keys, method: "head", max_steps: 5, output_dir: folder };
  const log = () => readLines(`${folder}/metrics.jsonl`).map(({ event, step, loss }) => [event, step, loss]);
  await runHere(short);
  const before = log();
  await runHere({ ...short, resume_from_checkpoint: `${folder}/checkpoint-2` });
  expect(log()).toEqual(before);
});

test.each([
  [{ lora_r: 8 }, "lora_r: 8 instead of 16"],
  [{ lora_target_modules: ["query"] }, 'lora_target_modules: ["query"] instead of unset'],
  [{ lora_alpha: 8, seed: 3 }, "lora_alpha: 8 instead of 32\n    seed: 3 instead of 0"],
  [{ per_device_train_batch_size: 4 }, "per_device_train_batch_size: 4 instead of 8"],
  [{ method: "full" }, 'method: "full" instead of "lora"'],
])("resuming under another recipe is refused: %o", async (other, difference) => {
  const folder = temporary();
  const one = { method: "lora", max_steps: 1, save_strategy: "epoch", output_dir: folder };
  await runHere(one);
  await expect(runHere({ ...one, ...other, resume_from_checkpoint: true })).rejects.toThrow(
    `${folder}/checkpoint-1 belongs to a different run:\n    ${difference}\n` +
      "  at: resume_from_checkpoint\n  expected: a checkpoint of the same recipe, data, labels and base model\n  hint: to start a new run",
  );
});

test("there must be a checkpoint to resume from", async () => {
  const folder = `${temporary()}/none`;
  await expect(runHere({ output_dir: folder, resume_from_checkpoint: true })).rejects.toThrow(
    `there is no checkpoint in ${folder} to resume from\n  at: resume_from_checkpoint\n  expected: a folder checkpoint-N`,
  );
  await expect(runHere({ output_dir: folder, resume_from_checkpoint: `${folder}/x` })).rejects.toThrow("cannot read");
  expect(existsSync(folder)).toBe(false);
});

test("true is the latest checkpoint of the last run, not one of an earlier run with more steps", async () => {
  const output_dir = temporary();
  const lora = { ...keys, method: "lora", output_dir };
  await runHere({ ...lora, save_steps: 3 }); // checkpoint-3, checkpoint-6
  await runHere({ ...lora, seed: 8 }, { stopAfter: 2 }); // checkpoint-2
  const resumed = await runHere({ ...lora, seed: 8, resume_from_checkpoint: true });
  expect(resumed.steps[0]?.step).toBe(3);
  expect(existsSync(`${output_dir}/checkpoint-6`)).toBe(true);

  const again = await runHere({ ...lora, seed: 8, resume_from_checkpoint: true, num_train_epochs: 3 });
  expect(again.steps[0]?.step).toBe(7); // its own checkpoint-6 by now
});

test("a checkpoint of another schedule counts only if it led to the log beside it", async () => {
  const output_dir = temporary();
  const lora = { ...keys, method: "lora", output_dir, save_steps: 3 };
  await runHere(lora); // checkpoint-3, checkpoint-6
  const longer = await runHere({ ...lora, num_train_epochs: 3, resume_from_checkpoint: true }, { stopAfter: 1 });
  expect(longer.steps[0]?.step).toBe(7);
  expect(longer.events.flatMap((event) => (event.kind === "warning" ? event.message : []))).toEqual([
    `the run continues from ${output_dir}/checkpoint-6 with different settings: num_train_epochs: 3 instead of 2.`,
    `resumed at step 6, from ${output_dir}/checkpoint-6.`,
  ]);

  await runHere({ ...lora, learning_rate: 0.5, max_steps: 1 }); // its log is another
  await expect(runHere({ ...lora, learning_rate: 0.25, resume_from_checkpoint: true })).rejects.toThrow(
    `${output_dir}/checkpoint-7 belongs to a different run:\n    learning_rate: 0.25 instead of 0.001`,
  );
  const named = { ...lora, learning_rate: 0.25, resume_from_checkpoint: `${output_dir}/checkpoint-3` };
  expect((await runHere(named)).steps[0]?.step).toBe(4);
});
