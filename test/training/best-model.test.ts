import { existsSync, readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { bytesOf, type Keys, type Ran, readJson, rowsOf, runHere, temporary } from "../running.ts";

const given = rowsOf();
const rows = { train: given.train!, dev: given.test!.slice(0, 8), test: given.test!.slice(8) };
const ofKind = ({ events }: Ran, kind: string): number[] =>
  events.flatMap((event) => (event.kind === kind && "step" in event ? event.step : []));

describe("load_best_model_at_end", () => {
  const folder = temporary();
  let ran: Ran;
  // A rate that first helps, then harms: the last state is not the best.
  beforeAll(async () => {
    ran = await runHere(
      {
        method: "lora",
        learning_rate: 0.1,
        lr_scheduler_type: "constant",
        max_steps: 8,
        eval_strategy: "steps",
        eval_steps: 1,
        save_strategy: "steps",
        save_steps: 2,
        save_total_limit: 2,
        load_best_model_at_end: true,
        metric_for_best_model: "macro_f1",
        output_dir: folder,
      },
      { rows },
    );
  });

  test("ends with the state that scored best, and says which it was", () => {
    const scores = ran.events.flatMap((event) =>
      event.kind === "eval" ? (event.metrics.eval_macro_f1 as number) : [],
    );
    const validations = scores.slice(0, 8); // the ninth is the test split
    const best = validations.indexOf(Math.max(...validations)) + 1;
    expect(scores.length).toBe(9);
    expect(best).toBeLessThan(8);
    const state = readJson(`${folder}/trainer_state.json`);
    expect(state).toMatchObject({
      best_metric: validations[best - 1],
      best_model_checkpoint: `checkpoint-${best}`,
      global_step: 8,
    });
    const file = "adapter_model.safetensors";
    expect(bytesOf(`${folder}/${file}`)).toBe(bytesOf(`${folder}/checkpoint-${best}/${file}`));
    expect(bytesOf(`${folder}/${file}`)).not.toBe(bytesOf(`${folder}/checkpoint-8/${file}`));
  });

  test("save_total_limit keeps the newest and the best", () => {
    const kept = readdirSync(folder).filter((name) => name.startsWith("checkpoint-"));
    const best = String(readJson(`${folder}/trainer_state.json`).best_model_checkpoint)
      .split("/")
      .at(-1)!;
    expect(new Set(kept)).toEqual(new Set([best, "checkpoint-6", "checkpoint-8"]));
  });
});

test("checkpoints of a longer run that was here before are not taken for new ones", async () => {
  const folder = temporary();
  const keys = { method: "head", save_strategy: "steps", save_steps: 1, output_dir: folder };
  await runHere({ ...keys, max_steps: 3 });
  await runHere({ ...keys, max_steps: 2, save_total_limit: 1 });
  expect(readdirSync(folder).filter((name) => name.startsWith("checkpoint-"))).toEqual([
    "checkpoint-2",
    "checkpoint-3",
  ]);
});

describe("eval_strategy", () => {
  const head: Keys = { method: "head", max_train_samples: 16, max_steps: 5 };
  test.each([
    ["end", [5], 8],
    ["epoch", [2, 4, 5, 5], 8],
    ["no", [], undefined],
  ])("%s", async (eval_strategy, steps, samples) => {
    const ran = await runHere({ ...head, eval_strategy }, { rows });
    expect(ofKind(ran, "eval")).toEqual(steps);
    const last = ran.events.findLast((event) => event.kind === "eval");
    expect(last?.metrics.eval_samples).toBe(samples);
  });

  test("steps; the test split is kept for one, after the last step", async () => {
    const uneven = { ...rows, test: rows.test.slice(0, 5) };
    const ran = await runHere({ ...head, eval_strategy: "steps", eval_steps: 2 }, { rows: uneven });
    const sizes = ran.events.flatMap((event) => (event.kind === "eval" ? event.metrics.eval_samples : []));
    expect(ofKind(ran, "eval")).toEqual([2, 4, 5]);
    expect(sizes).toEqual([8, 8, 5]);
  });

  test("without a test split the results are the validation split's", async () => {
    const folder = temporary();
    const { train, dev } = rows;
    await runHere({ ...head, eval_strategy: "epoch", output_dir: folder }, { rows: { train, dev } });
    expect(readJson(`${folder}/eval_results.json`).eval_samples).toBe(8);
  });

  test("validation is asked for by any name, and must be there when it is needed", async () => {
    const { train, dev, test: held } = rows;
    const named = await runHere(
      { ...head, eval_strategy: "epoch", dataset_validation_split: "mine" },
      { rows: { train, mine: dev } },
    );
    expect(ofKind(named, "eval").length).toBe(4);
    await expect(runHere({ ...head, eval_strategy: "epoch" }, { rows: { train, test: held } })).rejects.toThrow(
      "there is no validation split to evaluate on while training\n  at: dataset_validation_split\n" +
        "  expected: one of the splits that are there: train, test\n  hint: validation_split_percentage: 10 holds training rows back",
    );
  });
});

test("a metric that no evaluation gives is refused before anything is trained", async () => {
  const folder = `${temporary()}/out`;
  const keys = { eval_strategy: "epoch", metric_for_best_model: "f1", output_dir: folder };
  await expect(runHere(keys, { rows })).rejects.toThrow(
    "no evaluation computes the metric f1\n  at: metric_for_best_model\n" +
      "  expected: one of: eval_loss, eval_accuracy, eval_micro_f1, eval_macro_f1, eval_weighted_f1",
  );
  expect(existsSync(folder)).toBe(false);
});
