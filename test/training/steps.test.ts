import { describe, expect, test } from "vitest";
import type { Trained } from "../../src/prepared/job.ts";
import { fixture, type Keys, type Ran, rowsOf, runHere } from "../running.ts";

const tokens: Keys = { model_name_or_path: fixture("bert-tokens"), task_type: "TOKEN_CLS" };

/** The largest difference of any trained number. */
function apart(a: Ran, b: Ran): number {
  const [one, other] = [a.trained as Trained, b.trained as Trained];
  expect([...one.keys()]).toEqual([...other.keys()]);
  return [...one].reduce(
    (most, [name, { data }]) =>
      data.reduce((most, x, i) => Math.max(most, Math.abs(x - other.get(name)!.data[i]!)), most),
    0,
  );
}
const expectSame = (a: Ran, b: Ran) => {
  expect(a.steps.length).toBe(b.steps.length);
  a.steps.forEach(({ loss, gradNorm, numTokens }, i) => {
    expect(Math.abs(loss - b.steps[i]!.loss)).toBeLessThan(1e-6);
    expect(Math.abs(gradNorm / b.steps[i]!.gradNorm - 1)).toBeLessThan(1e-5);
    expect(numTokens).toBe(b.steps[i]!.numTokens);
  });
  expect(apart(a, b)).toBeLessThan(1e-6);
};

describe("accumulated micro-batches are one big batch", () => {
  // 22 rows, nine a step: the third step has four, in micro-batches of three and one
  const keys: Keys = { method: "full", optim: "sgd", learning_rate: 0.5, max_train_samples: 22, max_steps: 6 };
  const cut: Keys = { per_device_train_batch_size: 3, gradient_accumulation_steps: 3, max_train_samples: 22 };

  test("for classes of texts, the last micro-batch smaller", async () => {
    const nine = await runHere({ ...keys, per_device_train_batch_size: 9 });
    expectSame(await runHere({ ...keys, ...cut }), nine);
    expect(nine.steps.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6].map((step) => step / 3));
  });

  test("for classes of tokens, of which each row has another number", async () => {
    const nine = await runHere({ ...keys, ...tokens, per_device_train_batch_size: 9 }, { rows: rowsOf(true) });
    expectSame(await runHere({ ...keys, ...tokens, ...cut }, { rows: rowsOf(true) }), nine);
  });

  test("where two parameters have one gradient, which is clipped once", async () => {
    const gptNeox: Keys = { model_name_or_path: fixture("causal/gpt_neox"), task_type: "CAUSAL_LM" };
    const some: Keys = {
      method: "full",
      optim: "sgd",
      learning_rate: 0.1,
      max_steps: 2,
      max_grad_norm: 0.1,
      max_length: 48,
    };
    const six = await runHere({ ...some, ...gptNeox, per_device_train_batch_size: 6 });
    const cut: Keys = { per_device_train_batch_size: 2, gradient_accumulation_steps: 3 };
    expectSame(await runHere({ ...some, ...gptNeox, ...cut }), six);
  });

  test("row by row nothing is padded, and nothing changes", async () => {
    const keys: Keys = { method: "lora", optim: "sgd", learning_rate: 0.5, max_steps: 3, lora_dropout: 0 };
    const single = { per_device_train_batch_size: 1, gradient_accumulation_steps: 8 };
    expectSame(await runHere({ ...keys, ...single }), await runHere(keys));
  });
});

test("num_tokens counts real tokens, special ones among them", async () => {
  const texts = ["State", "Statute other"].map((text) => ({ text, label: "payment" }));
  const one = await runHere({ method: "head", max_steps: 1 }, { rows: { train: texts.slice(0, 1) } });
  const two = await runHere({ method: "head", max_steps: 1 }, { rows: { train: texts.slice(1) } });
  const both = await runHere({ method: "head", max_steps: 2 }, { rows: { train: texts } });
  const count = ({ steps }: Ran) => steps.map(({ numTokens }) => numTokens);
  expect(count(one)[0]).toBeGreaterThanOrEqual(3);
  expect(count(two)[0]).toBeGreaterThan(count(one)[0]!);
  expect(count(both)).toEqual([1, 2].map((steps) => steps * (count(one)[0]! + count(two)[0]!)));
});

test.each([
  ["adamw", 3e-3],
  ["adamw_8bit", 3e-3],
  ["sgd", 0.3],
  ["lion", 2e-3],
])("%s learns", async (optim, learning_rate) => {
  const keys = {
    method: "lora",
    lora_target_modules: "all-linear",
    max_train_samples: 8,
    max_steps: 15,
    lr_scheduler_type: "constant",
  };
  const { losses } = await runHere({ ...keys, optim, learning_rate, eval_strategy: "no" });
  expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]!);
});

test.each([
  ["linear", 0, [1, 0.75, 0.5, 0.25]],
  ["linear", 2, [0, 0.5, 1, 0.5]],
  ["linear", 0.5, [0, 0.5, 1, 0.5]],
  ["constant", 1, [0, 1, 1, 1]],
  ["cosine", 0, [0, 1, 2, 3].map((step) => 0.5 * (1 + Math.cos((Math.PI * step) / 4)))],
])("%s after a warmup of %d: the learning rates that are logged", async (lr_scheduler_type, warmup_steps, rates) => {
  const { steps } = await runHere({ method: "head", learning_rate: 2, lr_scheduler_type, warmup_steps });
  for (const [i, { learningRate }] of steps.entries()) expect(learningRate).toBeCloseTo(2 * rates[i]!, 12);
});

describe("one step of plain gradient descent", () => {
  const one: Keys = {
    method: "lora",
    optim: "sgd",
    learning_rate: 0.1,
    max_steps: 1,
    lora_dropout: 0,
    max_grad_norm: 0,
    eval_strategy: "no",
  };
  const begun = runHere({ ...one, learning_rate: 0 });
  /** How far the parameters moved that `pattern` names. */
  const moved = async (keys: Keys, pattern: RegExp) => {
    const [still, ran] = [await begun, await runHere({ ...one, ...keys })];
    const chosen = [...ran.trained!].filter(([name]) => pattern.test(name));
    expect(chosen.length).toBeGreaterThan(0);
    return Math.hypot(
      ...chosen.flatMap(([name, { data }]) => [...data].map((x, i) => x - still.trained!.get(name)!.data[i]!)),
    );
  };
  const [isB, isHead] = [/lora_B\.weight$/, /^classifier\./];

  test("LoRA+'s ratio multiplies B's rate, and no other", async () => {
    expect((await moved({ loraplus_lr_ratio: 4 }, isB)) / (await moved({}, isB))).toBeCloseTo(4, 3);
    expect((await moved({ loraplus_lr_ratio: 4 }, isHead)) / (await moved({}, isHead))).toBeCloseTo(1, 6);
  });

  test("the head has its own rate", async () => {
    expect((await moved({ head_learning_rate: 0.3 }, isHead)) / (await moved({}, isHead))).toBeCloseTo(3, 3);
    expect((await moved({ head_learning_rate: 0.3 }, isB)) / (await moved({}, isB))).toBeCloseTo(1, 6);
  });

  test("gradients are clipped to max_grad_norm; the norm logged is the one before", async () => {
    const { steps } = await runHere(one);
    const norm = steps[0]!.gradNorm;
    expect(norm).toBeGreaterThan(0.2);
    expect(await moved({}, /./)).toBeCloseTo(0.1 * norm, 5);
    expect(await moved({ max_grad_norm: 0.1 }, /./)).toBeCloseTo(0.1 * 0.1, 5);
    expect((await runHere({ ...one, max_grad_norm: 0.1 })).steps[0]!.gradNorm).toBe(norm);
  });

  test("weight decay shrinks matrices, never biases", async () => {
    const decayed = await runHere({ ...one, optim: "adamw", learning_rate: 1e-9, weight_decay: 1e8 });
    const still = await begun;
    const ratio = (name: string) => decayed.trained!.get(name)!.data[0]! / still.trained!.get(name)!.data[0]!;
    expect(ratio("classifier.weight")).toBeCloseTo(0.9, 4);
    expect(ratio("classifier.bias")).toBeCloseTo(1, 4);
  });
});
