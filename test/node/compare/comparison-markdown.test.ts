import { expect, test } from "vitest";
import { comparisonMarkdown } from "../../../src/node/compare/comparison-markdown.ts";
import { recipeOf } from "../../running.ts";
import { rowOf } from "./comparison-rows.ts";

const recipe = recipeOf({ model_name_or_path: "minilm", dataset_name: "clauses" });

test("one seed: a row a method", () => {
  expect(
    comparisonMarkdown(recipe, [rowOf("full"), rowOf("lora", 0, { trainableParameters: 1701 })], "test"),
  ).toMatchInlineSnapshot(`
    "# full, lora on minilm

    Data: \`clauses\`. Micro F1 and macro F1 on the test split, with 95 % bootstrap intervals over the examples.

    ![Macro F1 against peak memory and trainable parameters](comparison.svg)

    | method | seed | trainable | share (%) | peak memory (MB) | time (s) | tokens/s | saved (MB) | micro F1 | macro F1 |
    |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
    | full | 0 | 460,000 | 2.03 | 1,200 | 75.0 | 1,511 | 3.70 | 0.910 (0.880–0.930) | 0.800 (0.780–0.830) |
    | lora | 0 | 1,701 | 2.03 | 1,200 | 75.0 | 1,511 | 3.70 | 0.910 (0.880–0.930) | 0.800 (0.780–0.830) |
    "
  `);
});

test("several seeds: means first, then the runs", () => {
  const rows = [
    rowOf("lora", 0, { macroF1: 0.7, trainSeconds: 10 }),
    rowOf("lora", 1, { macroF1: 0.8, trainSeconds: 20 }),
  ];
  const [means, runs] = comparisonMarkdown(recipe, rows, "validation").split("## Runs");
  expect(means).toContain("Micro F1 and macro F1 on the validation split, with");
  expect(means).toContain("## Means over 2 seeds");
  expect(means).toContain("| lora | 460,000 | 2.03 | 1,200 | 15.0 |");
  expect(means).toContain("| 0.750 (0.780–0.830) |");
  expect(runs?.match(/\| lora \| [01] \|/g)).toHaveLength(2);
});
