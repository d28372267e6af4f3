import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { LabelsScore } from "../../src/events/reports.ts";
import { bestThreshold } from "../../src/metrics/multi-label.ts";
import { evaluate } from "../../src/verbs/evaluate.ts";
import { lookAtRows } from "../../src/verbs/init/rows.ts";
import { predict } from "../../src/verbs/predict.ts";
import { fixture, readJson, recipeOf, runHere, temporary } from "../running.ts";

const TEXTS = ["state law govern", "fee invoice pay", "damage liable loss", "expire notice renewal"];
const rowsOf = (labels: (i: number) => unknown) =>
  Array.from({ length: 32 }, (_, i) => ({ text: TEXTS[i % 4] as string, labels: labels(i % 4) }));
const NAMES = ["law", "money", "risk"];
const LISTS = [["law"], ["money", "risk"], ["risk"], []];

async function answers(adapter: string): Promise<LabelsScore[]> {
  const found: LabelsScore[] = [];
  for await (const prediction of predict({ adapter, texts: TEXTS })) found.push(prediction as unknown as LabelsScore);
  return found;
}

describe("texts with any number of labels", () => {
  test("are told by their lists, and predicted at the threshold that the validation split chose", async () => {
    const folder = temporary();
    const rows = { train: rowsOf((i) => LISTS[i]), validation: rowsOf((i) => LISTS[i]), test: rowsOf((i) => LISTS[i]) };
    const { events } = await runHere({ output_dir: folder, max_steps: 40, learning_rate: 5e-3 }, { rows });
    const scores = readJson(`${folder}/eval_results.json`);
    expect(scores.eval_samples_f1).toBeGreaterThan(0.7);
    expect(Object.keys(scores.eval_per_class as object)).toEqual(NAMES);
    const config = readJson(`${folder}/config.json`);
    expect(config).toMatchObject({
      problem_type: "multi_label_classification",
      id2label: { 0: "law", 1: "money", 2: "risk" },
      multi_label_threshold: scores.eval_threshold,
    });
    expect(events.filter(({ kind }) => kind === "eval")).toHaveLength(1);

    const found = await answers(folder);
    expect(found.map(({ labels }) => labels.map(({ label }) => label).sort())).toEqual(LISTS);
    for (const { labels, probabilities } of found) {
      for (const { label, score } of labels) expect(score).toBe(probabilities[label]);
    }
    writeFileSync(`${folder}/config.json`, JSON.stringify({ ...config, multi_label_threshold: 0 }));
    expect((await answers(folder)).every(({ labels }) => labels.length === 3)).toBe(true);
    writeFileSync(`${folder}/config.json`, JSON.stringify(config));

    const data = temporary();
    writeFileSync(`${data}/test.json`, JSON.stringify(rows.test));
    const again = await evaluate(recipeOf({ dataset_name: data }), { adapter: folder });
    expect(again).toEqual(scores);
  });

  test("vectors of zeros and ones are those of the classes, also where two are no ids", async () => {
    const vectors = [[1, 0], [0, 1], [1, 1], [0, 0]]; // biome-ignore format: a table
    const rows = { train: rowsOf((i) => vectors[i]), test: rowsOf((i) => vectors[i]) };
    const lists = rowsOf((i) => (vectors[i] as number[]).flatMap((bit, id) => (bit ? [String(id)] : [])));
    const keys = { max_steps: 3, model_name_or_path: fixture("bert") };
    const found = await runHere(keys, { rows });
    const wanted = await runHere(keys, { rows: { train: lists, test: lists } });
    expect(found.losses).toEqual(wanted.losses);
    expect(found.labels).toEqual(["0", "1"]);
  });

  test("refused: vectors of two lengths, unseen labels, no label at all, one label under several", async () => {
    const train = rowsOf((i) => LISTS[i]);
    const run = (rows: Record<string, Record<string, unknown>[]>, keys = {}) =>
      runHere({ max_steps: 1, ...keys }, { rows });
    const odd = [{ text: TEXTS[0], labels: [1, 1, 0] }, { text: TEXTS[1], labels: [1, 1] }]; // biome-ignore format: rows
    await expect(run({ train: odd })).rejects.toThrow(/2 zeros and ones, but there are 3 classes\n.*train\[1\]/);
    const unseen = [{ text: TEXTS[0], labels: ["tax"] }];
    await expect(run({ train, test: unseen })).rejects.toThrow(
      /"tax" does not occur in the training data\n.*test\[0\]/,
    );
    await expect(run({ train: rowsOf(() => []) })).rejects.toThrow(/no row has a label/);
    const problem_type = "multi_label_classification";
    const single = rowsOf((i) => NAMES[i % 3]);
    await expect(run({ train: single }, { problem_type, label_column: "labels" })).rejects.toThrow(
      /holds "law"[\s\S]*list/,
    );
    const lists = run({ train }, { problem_type: "single_label_classification", label_column: "labels" });
    await expect(lists).rejects.toThrow(
      /hint: for a list of labels for each text, set problem_type: multi_label_classification/,
    );
  });
});

test("init counts a split once that goes by two names", async () => {
  const folder = temporary();
  for (const name of ["train", "dev"]) writeFileSync(`${folder}/${name}.json`, JSON.stringify(rowsOf((i) => LISTS[i])));
  expect((await lookAtRows({ dataset_name: folder })).splits).toEqual(["dev", "train"]);
});

test("init tells rows with lists of labels", async () => {
  const folder = temporary();
  writeFileSync(`${folder}/train.json`, JSON.stringify(rowsOf((i) => LISTS[i])));
  const { uses } = await lookAtRows({ dataset_name: folder });
  expect(uses[0]).toMatchObject({ task_type: "SEQ_CLS", keys: { text_column: "text", label_column: "labels" } });
});

describe("the threshold", () => {
  test("lies halfway between the last label that is kept and the next", () =>
    expect(bestThreshold([0.9, 0.2, 0.6, 0.4], [true, false, true, false])).toBeCloseTo(0.5));
  test("never parts equal probabilities", () =>
    expect(bestThreshold([0.9, 0.7, 0.7, 0.1], [true, true, false, false])).toBeCloseTo(0.4));
  test("is the usual one where there is nothing to find", () =>
    expect(bestThreshold([0.9, 0.1], [false, false])).toBe(0.5));
});
