import { describe, expect, test } from "vitest";
import { InterruptedError } from "../../src/errors.ts";
import { bytesOf, fixture, type Keys, readJson, runHere, temporary } from "../running.ts";

const TEXTS = [
  "This agreement is governed by the laws of Delaware.",
  "Payment is due in thirty days.",
  "Either party may terminate with notice, for any reason or for none, at the end of a month.",
  "No warranty.",
];
const texts = { train: TEXTS.map((text) => ({ text })), test: TEXTS.slice(0, 2).map((text) => ({ text })) };
const causal: Keys = {
  model_name_or_path: fixture("causal/llama"),
  task_type: "CAUSAL_LM",
  per_device_train_batch_size: 4,
  max_length: 64,
  lora_dropout: 0,
  learning_rate: 1e-2,
};
const masked: Keys = { model_name_or_path: fixture("bert"), task_type: "MASKED_LM", max_length: 64, lora_dropout: 0 };

function expectClose(found: readonly number[], wanted: readonly number[], tolerance: number): void {
  expect(found.length).toBe(wanted.length);
  found.forEach((value, i) => void expect(Math.abs(value / wanted[i]! - 1), `${value}`).toBeLessThan(tolerance));
}

describe("causal language modelling", () => {
  test("learns, and says how well it predicts", async () => {
    const { losses, events } = await runHere({ ...causal, max_steps: 12 }, { rows: texts });
    expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]!);
    const [evaluation] = events.filter((event) => event.kind === "eval");
    const { eval_loss, eval_perplexity, eval_mean_token_accuracy, eval_exact_match } = evaluation!.metrics as never;
    expect(eval_perplexity).toBeCloseTo(Math.exp(eval_loss), 6);
    expect(eval_mean_token_accuracy).toBeGreaterThanOrEqual(0);
    expect(eval_mean_token_accuracy).toBeLessThan(1);
    expect(eval_exact_match).toBe(0);
  });

  test("an untrained model's loss is that of the texts one by one: padding changes nothing", async () => {
    const together = await runHere({ ...causal, max_steps: 1 }, { rows: texts });
    const apart = await runHere(
      { ...causal, max_steps: 1, per_device_train_batch_size: 1, gradient_accumulation_steps: 4 },
      { rows: texts },
    );
    expectClose(together.losses, apart.losses, 1e-6);
    expectClose(
      together.steps.map(({ gradNorm }) => gradNorm),
      apart.steps.map(({ gradNorm }) => gradNorm),
      1e-5,
    );
  });

  test("packed rows learn what the rows alone do: attention and positions end where a document does", async () => {
    const whole = await runHere({ ...causal, max_steps: 2 }, { rows: texts });
    const packed = await runHere({ ...causal, max_steps: 2, packing: true, max_length: 160 }, { rows: texts });
    expect(packed.steps[0]!.numTokens).toBe(whole.steps[0]!.numTokens);
    expectClose(packed.losses, whole.losses, 1e-5);
    expectClose(
      packed.steps.map(({ gradNorm }) => gradNorm),
      whole.steps.map(({ gradNorm }) => gradNorm),
      1e-4,
    );
  });

  test("checkpointed gradients are the same gradients", async () => {
    const plain = await runHere(causal, { rows: texts });
    const checkpointed = await runHere({ ...causal, gradient_checkpointing: true }, { rows: texts });
    expectClose(checkpointed.losses, plain.losses, 1e-6);
  });

  test("a base stored in half precision computes almost the same", async () => {
    const plain = await runHere(causal, { rows: texts });
    const [brain, half] = [
      await runHere({ ...causal, dtype: "bfloat16" }, { rows: texts }),
      await runHere({ ...causal, dtype: "float16" }, { rows: texts }),
    ];
    expectClose(half.losses, plain.losses, 5e-3);
    expectClose(brain.losses, plain.losses, 5e-2);
    expect(brain.losses).not.toEqual(plain.losses);
    const weights = ({ events }: typeof plain): number =>
      events.flatMap((event) => (event.kind === "done" ? [event.results.memoryBytes.weights] : []))[0]!;
    expect(weights(half)).toBeLessThan(0.7 * weights(plain));
  });

  test("of prompt and completion only the completion trains, and a whole right answer counts", async () => {
    const rows = [{ prompt: "Which law? ", completion: "Delaware" }];
    const ran = await runHere({ ...causal, max_steps: 40, learning_rate: 3e-2 }, { rows: { train: rows, test: rows } });
    const evaluation = ran.events.find((event) => event.kind === "eval");
    expect(evaluation!.metrics.eval_exact_match).toBe(1);
    const all = await runHere({ ...causal, max_steps: 1, completion_only_loss: false }, { rows: { train: rows } });
    expect(all.losses[0]).not.toBeCloseTo(ran.losses[0]!, 3);
  });

  test("a classifier reads the last real token", async () => {
    const rows = { train: TEXTS.map((text, i) => ({ text, label: i % 2 })) };
    const keys = { ...causal, task_type: "SEQ_CLS", max_steps: 1 };
    const together = await runHere(keys, { rows });
    const apart = await runHere({ ...keys, per_device_train_batch_size: 1, gradient_accumulation_steps: 4 }, { rows });
    expectClose(together.losses, apart.losses, 1e-5);
  });
});

describe("masked language modelling", () => {
  test("learns to fill in", async () => {
    const { losses } = await runHere(
      { ...masked, max_steps: 30, learning_rate: 1e-2, method: "full" },
      { rows: texts },
    );
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(losses.slice(-8))).toBeLessThan(0.7 * mean(losses.slice(0, 8)));
  });

  test("dropout falls on the head's adapter too, which sees the hidden words alone", async () => {
    const keys = { ...masked, lora_target_modules: "all-linear", max_steps: 2 };
    const [dropped, whole] = [await runHere({ ...keys, lora_dropout: 0.5 }, { rows: texts }), await runHere(keys, { rows: texts })]; // biome-ignore format: a pair
    expect(dropped.losses[0]).toBeCloseTo(whole.losses[0]!, 5); // lora_B is zero at first
    expect(dropped.losses[1]).not.toBeCloseTo(whole.losses[1]!, 5);
  });

  test("a resumed run hides the same tokens", async () => {
    const [whole, part] = [temporary(), temporary()];
    const keys = { ...masked, max_steps: 4, save_strategy: "steps", save_steps: 2, shuffle_dataset: true };
    await runHere({ ...keys, output_dir: whole }, { rows: texts });
    const first = await runHere({ ...keys, output_dir: part }, { rows: texts, stopAfter: 2 });
    expect(first.error).toBeInstanceOf(InterruptedError);
    await runHere({ ...keys, output_dir: part, resume_from_checkpoint: true }, { rows: texts });
    expect(bytesOf(`${part}/adapter_model.safetensors`)).toEqual(bytesOf(`${whole}/adapter_model.safetensors`));
  });
});

describe("from scratch", () => {
  const keys = { ...causal, from_scratch: true, method: "full", max_steps: 1 };

  test("a model begins knowing nothing, by its seed", async () => {
    const [one, again, other] = [
      await runHere(keys, { rows: texts }),
      await runHere(keys, { rows: texts }),
      await runHere({ ...keys, seed: 1 }, { rows: texts }),
    ];
    const { vocab_size } = readJson(fixture("causal/llama/config.json")) as { vocab_size: number };
    expect(one.losses[0]).toBeCloseTo(Math.log(vocab_size), 0);
    expect(again.losses).toEqual(one.losses);
    expect(other.losses).not.toEqual(one.losses);
  });
});
