import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { balanced } from "../../src/assemble/class-weights.ts";
import { RecipeError } from "../../src/errors.ts";
import { expectResumedAlike, fixture, type Keys, readJson, recipeOf, rowsOf, runHere, temporary } from "../running.ts";

/** In the order of the checkpoint. */
const LABELS = ["termination", "payment", "governing law", "liability", "confidentiality"];
const rows = rowsOf().train!;
const keys: Keys = { method: "lora", optim: "sgd", learning_rate: 0, max_steps: 1, eval_strategy: "no" };
const tokens: Keys = { model_name_or_path: fixture("bert-tokens"), task_type: "TOKEN_CLS" };
const weightsIn = (folder: string) => readJson(`${folder}/train_results.json`).class_weights;
const asList = (weights: readonly number[]) => weights.map((weight, id) => ({ label: LABELS[id], weight }));

test.each<{ counts: number[]; weights: number[] }>(JSON.parse(readFileSync(fixture("losses/balanced.json"), "utf8")))(
  "balanced weights of $counts are scikit-learn's",
  ({ counts, weights }) => {
    balanced(counts).forEach((weight, id) => void expect(weight).toBeCloseTo(weights[id]!, 12));
  },
);

test("a class that does not occur has weight 1 and counts for no other", () =>
  expect(balanced([3, 0, 1])).toEqual([2 / 3, 1, 2]));

describe("the loss of a step", () => {
  test("is the sum of weight times loss over the sum of weights, of all micro-batches", async () => {
    const weights: Record<string, number> = { liability: 0.25, "governing law": 3 };
    const six = rows.slice(0, 6);
    const { losses } = await runHere(
      { ...keys, max_steps: 6, per_device_train_batch_size: 1 },
      { rows: { train: rows } },
    );
    const weightOf = (i: number) => weights[String(six[i]!.label)] ?? 1;
    const sum = (of: (i: number) => number) => six.reduce((sum, _, i) => sum + of(i), 0);
    const wanted = sum((i) => weightOf(i) * losses[i]!) / sum(weightOf);
    const cut: Keys = {
      ...keys,
      class_weights: weights,
      per_device_train_batch_size: 2,
      gradient_accumulation_steps: 3,
    };
    const weighted = await runHere(cut, { rows: { train: rows } });
    expect(weighted.losses[0]).toBeCloseTo(wanted, 5);
    expect(Math.abs(wanted - sum((i) => losses[i]!) / 6)).toBeGreaterThan(0.01);
  });

  test.each([
    ["SEQ_CLS", {}, undefined],
    ["TOKEN_CLS", tokens, rowsOf(true)],
  ])("and its gradient do not depend on micro-batches (%s)", async (_, task, rows = rowsOf()) => {
    const all: Keys = { ...keys, ...task, method: "full", learning_rate: 0.5, max_steps: 2, class_weights: "balanced" };
    const ten = await runHere({ ...all, per_device_train_batch_size: 10 }, { rows });
    const cut = { per_device_train_batch_size: 2, gradient_accumulation_steps: 5 };
    const five = await runHere({ ...all, ...cut }, { rows });
    five.steps.forEach(({ loss, gradNorm }, i) => {
      expect(loss).toBeCloseTo(ten.losses[i]!, 5);
      expect(gradNorm / ten.steps[i]!.gradNorm).toBeCloseTo(1, 4);
    });
  });

  test("is 0 where all its classes have weight 0, and nothing moves", async () => {
    const train = [{ text: "State", label: "a" }, { text: "Law", label: "b" }]; // biome-ignore format: two rows
    const run = await runHere(
      { ...keys, learning_rate: 1, max_steps: 2, per_device_train_batch_size: 1, class_weights: { a: 0 } },
      { rows: { train } },
    );
    expect(run.steps[0]).toMatchObject({ loss: 0, gradNorm: 0 });
    expect(run.losses[1]).toBeGreaterThan(0);
  });
});

test("evaluation is not weighted", async () => {
  const evaluated: Keys = { ...keys, eval_strategy: "end" };
  const scoresOf = async (more: Keys) =>
    (await runHere({ ...evaluated, ...more })).events.find(({ kind }) => kind === "eval");
  expect(await scoresOf({ class_weights: [5, 4, 3, 2, 1] })).toEqual(await scoresOf({}));
});

describe("weights of a run", () => {
  test("stand in its results, its recipe and its card, and resuming with others is refused", async () => {
    const { once } = await expectResumedAlike({ ...keys, learning_rate: 0.1, class_weights: "balanced" });
    const counts = LABELS.map((label) => rows.filter((row) => row.label === label).length);
    const weights = balanced(counts);
    expect(weightsIn(once)).toEqual(asList(weights));
    expect(readFileSync(`${once}/recipe.yaml`, "utf8")).toContain(`class_weights:\n  - ${weights[0]}\n`);
    expect(readFileSync(`${once}/README.md`, "utf8")).toMatch(/\| `class_weights` \| \[0\.96,1\.0/);
    const resumed = { ...keys, learning_rate: 0.1, max_steps: 4, output_dir: temporary() };
    const other = { ...resumed, class_weights: [1, 1, 1, 1, 2], resume_from_checkpoint: `${once}/checkpoint-2` };
    await expect(runHere(other)).rejects.toThrow("class_weights: [1,1,1,1,2] instead of [0.96,");
  });

  test("come from a mapping that leaves classes out, or from a list", async () => {
    const [mapped, listed] = [temporary(), temporary()];
    await runHere({ ...keys, class_weights: { payment: 2.5 }, output_dir: mapped });
    await runHere({ ...keys, class_weights: [1, 2.5, 1, 1, 1], output_dir: listed });
    expect(weightsIn(mapped)).toEqual(asList([1, 2.5, 1, 1, 1]));
    expect(weightsIn(listed)).toEqual(weightsIn(mapped));
  });
});

describe("refuses", () => {
  test.each<[string, unknown, typeof RecipeError, string]>([
    ["an unknown label", { paiment: 2 }, RecipeError, 'class_weights: the training data have no label "paiment"'],
    ["a list of another length", [1, 2], RecipeError, "class_weights: 2 weights for 5 classes"],
    ["weights that are all 0", [0, 0, 0, 0, 0], RecipeError, "the weights of all classes of the training data are 0"],
  ])("%s", async (_, class_weights, type, message) => {
    const output_dir = `${temporary()}/new`;
    const run = runHere({ ...keys, class_weights, output_dir });
    await expect(run).rejects.toThrow(type);
    await expect(runHere({ ...keys, class_weights })).rejects.toThrow(message);
  });

  test("weights of texts with several labels", async () => {
    const train = [{ text: "State", label: ["a", "b"] }, { text: "Law", label: ["b"] }]; // biome-ignore format: two rows
    await expect(runHere({ ...keys, class_weights: "balanced" }, { rows: { train } })).rejects.toThrow(
      "class_weights: multi_label_classification does not have one class for each text",
    );
  });

  test.each([
    [{ class_weights: { a: -1 } }, "class_weights.a: expected a number >= 0, got -1"],
    [
      { class_weights: "even" },
      "class_weights: expected balanced, or a mapping of names to a number >= 0, or a non-empty list",
    ],
    [{ class_weights: "balanced", task_type: "CAUSAL_LM" }, "class_weights: task_type CAUSAL_LM has no classes"],
  ])("%j", (given, message) => expect(() => recipeOf(given)).toThrow(message));
});
