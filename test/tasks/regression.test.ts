import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { areValues } from "../../src/examples/values.ts";
import { regressionReport } from "../../src/metrics/regression.ts";
import { Random } from "../../src/random.ts";
import { scoresWithIntervals } from "../../src/training/predictions-file.ts";
import { evaluate } from "../../src/verbs/evaluate.ts";
import { lookAtRows } from "../../src/verbs/init/rows.ts";
import { predict } from "../../src/verbs/predict.ts";
import { readJson, recipeOf, runHere, temporary } from "../running.ts";

const TEXTS = ["state law govern", "fee invoice pay", "damage liable loss", "expire notice renewal"];
const VALUES = [0.5, -1, 2, 1.25];
const ROWS = Array.from({ length: 32 }, (_, i) => ({ text: TEXTS[i % 4] as string, label: VALUES[i % 4] as number }));

describe("a value for each text", () => {
  test("is told by fractions, trained, saved as transformers does, and predicted", async () => {
    const folder = temporary();
    const keys = { output_dir: folder, max_steps: 60, learning_rate: 1e-2 };
    await runHere(keys, { rows: { train: ROWS, test: ROWS } });
    const scores = readJson(`${folder}/eval_results.json`);
    expect(scores.eval_pearson).toBeGreaterThan(0.9);
    expect(scores.eval_r2).toBeGreaterThan(0.7);
    const config = readJson(`${folder}/config.json`);
    expect(config).toMatchObject({ problem_type: "regression", id2label: { 0: "LABEL_0" } });

    const found: number[] = [];
    for await (const answer of predict({ adapter: folder, texts: TEXTS }))
      found.push(Number("value" in answer && answer.value));
    const error = found.reduce((sum, value, i) => sum + (value - (VALUES[i] as number)) ** 2, 0) / 4;
    expect(error).toBeCloseTo(Number(scores.eval_loss), 4);

    const data = temporary();
    writeFileSync(`${data}/test.csv`, ["text,label", ...ROWS.map(({ text, label }) => `${text},${label}`)].join("\n"));
    expect(await evaluate(recipeOf({ dataset_name: data }), { adapter: folder })).toEqual(scores);
    const { eval_pearson: pearson } = scores;
    const pearsonInterval = [expect.any(Number), expect.any(Number)];
    expect(await scoresWithIntervals(folder, Random.seed(0))).toMatchObject({ pearson, pearsonInterval });
  });

  test("refused: what is no number, and an unknown metric", async () => {
    const problem_type = "regression";
    const odd = [...ROWS, { text: "law", label: "high" }];
    await expect(runHere({ problem_type }, { rows: { train: odd } })).rejects.toThrow(/holds "high"\n.*train\[32\]/);
    const huge = [{ text: "law", label: 1e39 }];
    await expect(runHere({ problem_type }, { rows: { train: huge } })).rejects.toThrow(/holds 1e\+39/);
    const keys = { metric_for_best_model: "accuracy", load_best_model_at_end: true, eval_strategy: "epoch" };
    const run = runHere(keys, { rows: { train: ROWS, validation: ROWS } });
    await expect(run).rejects.toThrow(/eval_loss, eval_pearson, eval_spearman, eval_r2/);
  });

  test("is what numbers with a fraction are; whole numbers are ids, and texts are names", async () => {
    expect(areValues([1, 2.5])).toBe(true);
    expect(areValues([1, 2])).toBe(false);
    expect(areValues(["1.5", "2.5"])).toBe(false);
    const folder = temporary();
    writeFileSync(`${folder}/train.json`, JSON.stringify(ROWS.map(({ text, label }) => ({ text, score: label }))));
    const { uses } = await lookAtRows({ dataset_name: folder });
    expect(uses[0]).toMatchObject({ task_type: "SEQ_CLS", keys: { text_column: "text", label_column: "score" } });
  });
});

test("correlations with values that are all alike are 0, and equal values share their rank", () => {
  expect(regressionReport([1, 1, 1], [1, 2, 3])).toMatchObject({ pearson: 0, spearman: 0, rSquared: 0 });
  expect(regressionReport([1, 2, 2, 4], [10, 20, 30, 40]).spearman).toBeCloseTo(0.9486832980505138); // scipy.stats.spearmanr
});
