import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { evaluate } from "../../src/verbs/evaluate.ts";
import { predict } from "../../src/verbs/predict.ts";
import { changedModel, type Keys, readJson, recipeOf, runHere, temporary } from "../running.ts";

/** A folder of data files. */
function data(files: Readonly<Record<string, string>>): string {
  const folder = temporary();
  for (const [name, text] of Object.entries(files)) writeFileSync(`${folder}/${name}`, text);
  return folder;
}

const TEXTS = ["state law", "pay the fee", "notice of breach", "state law", "pay the fee", "notice of breach"];
const jsonl = (labels: readonly unknown[]): string =>
  labels.map((label, i) => `${JSON.stringify({ text: TEXTS[i], label })}\n`).join("");
const csv = (labels: readonly unknown[]): string =>
  `text,label\n${labels.map((label, i) => `${TEXTS[i]},${label}\n`).join("")}`;

/** What a run on the files measured, and what `evaluate` says of them with its adapter. */
async function trainedAndEvaluated(files: Readonly<Record<string, string>>, keys: Keys = {}) {
  const output_dir = temporary();
  const dataset_name = data(files);
  const { labels = [], events } = await runHere({
    max_steps: 15,
    learning_rate: 0.02,
    ...keys,
    dataset_name,
    output_dir,
  });
  const results = readJson(`${output_dir}/eval_results.json`);
  const recipe = recipeOf({ ...keys, dataset_name });
  const warnings = events.flatMap((event) => (event.kind === "warning" ? [event.message] : []));
  return { output_dir, labels, results, warnings, evaluated: await evaluate(recipe, { adapter: output_dir }) };
}

const unnamed = await changedModel(({ id2label, label2id, ...config }) => config);
const model = { model_name_or_path: unnamed };

test.each<[string, Record<string, string>, string[]]>([
  [
    "strings of digits, then numbers",
    { "train.jsonl": jsonl(["1", "2", "3"]), "test.csv": csv([1, 2, 3]) },
    ["1", "2", "3"],
  ],
  [
    "numbers, then strings of digits",
    { "train.csv": csv([1, 2, 3]), "test.jsonl": jsonl(["1", "2", "3"]) },
    ["0", "1", "2", "3"],
  ],
  [
    "floats, then integers",
    { "train.csv": csv(["1.0", "2.0", "3.0"]), "test.jsonl": jsonl([1, 2, 3]) },
    ["1.0", "2.0", "3.0"],
  ],
  ["signs", { "train.jsonl": jsonl(["-1", "0", "1"]), "test.csv": csv([-1, 0, 1]) }, ["-1", "0", "1"]],
  ["far apart", { "train.csv": csv([10234, 77001]), "test.jsonl": jsonl(["10234", 77001]) }, ["10234", "77001"]],
  [
    "another order",
    { "train.jsonl": jsonl(["b", "c", "a", "b", "c", "a"]), "test.jsonl": jsonl(["b", "c", "a"].slice(0, 2)) },
    ["a", "b", "c"],
  ],
])("labels: %s", async (_, files, classes) => {
  const { labels, results, evaluated, output_dir } = await trainedAndEvaluated(files, model);
  expect(labels).toEqual(classes);
  expect(results.eval_accuracy).toBe(1);
  expect(evaluated).toEqual(results);
  expect(Object.values(readJson(`${output_dir}/config.json`).id2label as object)).toEqual(classes);
  for await (const said of predict({ adapter: output_dir, texts: TEXTS.slice(0, 1) }))
    expect(Object.keys("probabilities" in said ? said.probabilities : {}).toSorted()).toEqual(classes.toSorted());
});

test("an adapter is a start for data that spells its labels otherwise", async () => {
  const { output_dir } = await trainedAndEvaluated(
    { "train.jsonl": jsonl(["1", "2", "3"]), "test.csv": csv([1, 2, 3]) },
    model,
  );
  const more = await trainedAndEvaluated(
    { "train.csv": csv([1, 2, 3]), "test.jsonl": jsonl(["1", "2", "3"]) },
    { ...model, adapter_name_or_path: output_dir, max_steps: 1, learning_rate: 1e-6 },
  );
  expect(more.labels).toEqual(["1", "2", "3"]);
  expect(more.results.eval_accuracy).toBe(1);
});

test("numbers under a base that names its classes: a warning says which file names them", async () => {
  const named = { model_name_or_path: await changedModel() };
  const { warnings, evaluated, results } = await trainedAndEvaluated(
    { "train.csv": csv([0, 1]), "test.csv": csv([0, 1]) },
    named,
  );
  expect(warnings[0]).toContain(
    `read as ids of the named classes, from id2label in ${named.model_name_or_path}/config.json: 0 is "termination"`,
  );
  expect(evaluated).toEqual(results);
  await expect(trainedAndEvaluated({ "train.csv": csv([0, 1]), "test.csv": csv([0, "spam"]) }, named)).rejects.toThrow(
    "expected: one of 2: 0 (termination)",
  );
});

test("a base whose head was trained for other classes is evaluated with a warning", async () => {
  const model_name_or_path = await changedModel();
  const warned = async (labels: readonly string[]): Promise<string[]> => {
    const warnings: string[] = [];
    const dataset_name = data({ "test.jsonl": jsonl(labels) });
    await evaluate(recipeOf({ model_name_or_path, dataset_name }), { onWarning: (text) => warnings.push(text) });
    return warnings;
  };
  expect(await warned(["e", "d", "c", "b", "a"])).toEqual([
    `config.json of ${model_name_or_path} does not name the labels of the data, so its outputs are assumed to be, in this order: a, b, c, d, e`,
  ]);
  expect(await warned(["payment", "liability"])).toEqual([]);
});
