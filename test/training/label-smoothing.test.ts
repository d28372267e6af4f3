import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fixture, type Keys, recipeOf, rowsOf, runHere, temporary } from "../running.ts";

const causal: Keys = { model_name_or_path: fixture("causal/llama"), task_type: "CAUSAL_LM", max_length: 32 };
const masked: Keys = { model_name_or_path: fixture("masked/bert"), task_type: "MASKED_LM", max_length: 32 };
const tokens: Keys = { model_name_or_path: fixture("bert-tokens"), task_type: "TOKEN_CLS" };
const keys: Keys = { method: "lora", lora_dropout: 0, optim: "sgd", learning_rate: 0, max_steps: 1 };

describe.each<[string, Keys, ReturnType<typeof rowsOf>]>([
  ["SEQ_CLS", {}, rowsOf()],
  ["TOKEN_CLS", tokens, rowsOf(true)],
  ["CAUSAL_LM", causal, rowsOf()],
  ["MASKED_LM", masked, rowsOf()],
])("%s", (_, task, rows) => {
  const few = { train: rows.train!.slice(0, 8), test: rows.test!.slice(0, 4) };
  const stepOf = async (label_smoothing_factor: number, more: Keys = {}) =>
    runHere({ ...keys, ...task, label_smoothing_factor, ...more }, { rows: few });

  test("the loss moves with the factor from that of the labels to that of all classes; the evaluation's does not", async () => {
    const [none, some, more] = [await stepOf(0), await stepOf(0.1), await stepOf(0.3)];
    const losses = [none, some, more].map(({ losses }) => losses[0]!);
    expect(Math.abs(losses[1]! - losses[0]!)).toBeGreaterThan(1e-3);
    expect(losses[2]! - losses[0]!).toBeCloseTo(3 * (losses[1]! - losses[0]!), 4);
    const [evaluated, smoothed] = [none, some].map(({ events }) => events.find(({ kind }) => kind === "eval"));
    expect(smoothed).toEqual(evaluated);
  });

  // Masked language models are left out: each micro-batch hides tokens of its own.
  test.skipIf(task === masked)("micro-batches and recomputed activations do not change a step", async () => {
    const learns: Keys = { method: "full", learning_rate: 0.1, max_steps: 2, eval_strategy: "no" };
    const whole = await stepOf(0.2, { ...learns, per_device_train_batch_size: 4 });
    const cut = { per_device_train_batch_size: 1, gradient_accumulation_steps: 4, gradient_checkpointing: true };
    const parts = await stepOf(0.2, { ...learns, ...cut });
    parts.steps.forEach(({ loss, gradNorm }, i) => {
      expect(loss).toBeCloseTo(whole.losses[i]!, 4);
      expect(gradNorm / whole.steps[i]!.gradNorm).toBeCloseTo(1, 3);
    });
  });
});

test("the card names the factor, and resuming with another is refused", async () => {
  const output_dir = temporary();
  const saved: Keys = { ...keys, label_smoothing_factor: 0.1, save_strategy: "steps", save_steps: 1, output_dir };
  await runHere(saved);
  expect(readFileSync(`${output_dir}/README.md`, "utf8")).toContain("| `label_smoothing_factor` | 0.1 |");
  const resumed = {
    ...saved,
    max_steps: 2,
    output_dir: temporary(),
    resume_from_checkpoint: `${output_dir}/checkpoint-1`,
  };
  await expect(runHere({ ...resumed, label_smoothing_factor: 0 })).rejects.toThrow(
    "label_smoothing_factor: 0 instead of 0.1",
  );
});

describe("refuses", () => {
  test.each([
    [{ label_smoothing_factor: 1 }, "label_smoothing_factor: expected a number >= 0 and < 1, got 1"],
    [
      { label_smoothing_factor: 0.1, task_type: "FEATURE_EXTRACTION" },
      "label_smoothing_factor: the losses of task_type FEATURE_EXTRACTION have no labels to smooth",
    ],
  ])("%j", (given, message) => expect(() => recipeOf(given)).toThrow(message));

  test("texts with several labels, and values", async () => {
    for (const [label, problem] of [[["a", "b"], "multi_label_classification"], [0.5, "regression"]] as const) // biome-ignore format: two cases
      await expect(
        runHere({ ...keys, label_smoothing_factor: 0.1 }, { rows: { train: [{ text: "State", label }] } }),
      ).rejects.toThrow(`label_smoothing_factor: ${problem} does not have one class for each text`);
  });
});
