import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evaluate } from "../../src/verbs/evaluate.ts";
import { fixture, type Keys, readJson, readLines, recipeOf, runHere, temporary } from "../running.ts";

type Rows = readonly Record<string, unknown>[];
type Cells = Record<string, string | number>;

/** Trains two steps on rows, evaluates what was trained on them with a report, and reads it. */
async function reported(keys: Keys, rows: Rows) {
  const [data, folder] = [temporary(), temporary()];
  for (const split of ["train", "test"])
    writeFileSync(`${data}/${split}.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const all = { ...keys, dataset_name: data, output_dir: folder, max_steps: 2, method: "lora" };
  await runHere(all);
  const before = readdirSync(folder);
  const warnings: string[] = [];
  let path = "";
  const results = await evaluate(recipeOf(all), {
    adapter: folder,
    reportDir: folder,
    onReport: (written) => (path = written),
    onWarning: (message) => warnings.push(message),
  });
  expect(path).toBe(`${folder}/evaluation.md`);
  expect(results).toEqual(readJson(`${folder}/eval_results.json`));
  const report = readJson(`${folder}/evaluation.json`);
  const text = readFileSync(path, "utf8");
  for (const part of [text, JSON.stringify(report)]) expect(part).not.toContain(data);
  const written = readdirSync(folder).filter((name) => !before.includes(name));
  const pictures = report.pictures as string[];
  expect(written.sort()).toEqual(["evaluation.json", "evaluation.md", ...pictures].sort());
  for (const picture of pictures) expect(text).toContain(`](${picture})`);
  expect(report).toMatchObject({ split: "test", files: ["test.jsonl"], lowrank: expect.any(String) });
  const { eval_per_class: _, ...figures } = results;
  expect(report.metrics).toMatchObject(figures);
  const worst = report.worst_examples as Cells[];
  expect(worst.length).toBe(Math.min(20, worst.length));
  return { folder, results, report, worst, text, warnings, pictures };
}

/** The values of a column, which do not grow. */
function falling(rows: readonly Cells[], key: string): number[] {
  const values = rows.map((row) => Number(row[key]));
  expect(values).toEqual([...values].sort((a, b) => b - a));
  return values;
}

const TEXTS = ["state law govern", "fee invoice pay", "damage liable loss", "expire notice renewal"];
const WORDS = TEXTS.join(" ").split(" ");
const rowsOf = (count: number, row: (i: number) => Record<string, unknown>): Rows =>
  Array.from({ length: count }, (_, i) => row(i));
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe("the report of an evaluation", () => {
  test("of a classifier: classes, confusions, calibration, the most wrong texts by file and line", async () => {
    const rows = readLines(fixture("data/train.jsonl"));
    const { report, worst, pictures, text, results } = await reported({}, rows);
    expect(Object.keys(report)).toEqual(expect.arrayContaining(["per_class", "confusions", "calibration"]));
    expect(report.per_class).toHaveLength(Object.keys(results.eval_per_class!).length);
    expect(pictures).toEqual(["evaluation-confusion.svg", "evaluation-reliability.svg"]);
    expect(worst).toHaveLength(20);
    falling(worst, "loss");
    for (const { where, label, text, prediction, probability } of worst) {
      const row = rows[Number(/^test\.jsonl:(\d+)$/.exec(String(where))![1]) - 1]!;
      expect(label).toBe(row.label);
      expect(String(row.text).replace(/\s+/g, " ").startsWith(String(text).replace(/…$/, ""))).toBe(true);
      expect(Object.keys(results.eval_per_class!)).toContain(prediction);
      expect(probability).toBeGreaterThan(0);
    }
    expect(text.split("\n")[2]).toMatch(/quotes texts of the data/);
  });

  test("of all rows when there are few, so that their mean loss is that of the evaluation", async () => {
    const rows = rowsOf(12, (i) => ({ text: `${TEXTS[i % 4]} ${i}`, label: ["a", "b"][i % 2] }));
    const { worst, results } = await reported({}, rows);
    expect(mean(falling(worst, "loss"))).toBeCloseTo(results.eval_loss, 6);
  });

  test("of any number of labels: the threshold, and the labels of each text", async () => {
    const lists = [["law"], ["fee", "law"], ["harm"], []];
    const { worst, results, report, text, pictures } = await reported({}, rowsOf(16, (i) => ({ text: `${TEXTS[i % 4]} ${i}`, labels: lists[i % 4] }))); // biome-ignore format: one line
    expect(mean(falling(worst, "loss"))).toBeCloseTo(results.eval_loss, 6);
    expect(report.per_class).toHaveLength(3);
    expect(pictures).toEqual(["evaluation-labels.svg"]);
    expect(text).toMatch(/predicted from a probability of [\d.]+ on/);
    for (const { where, labels } of worst) {
      expect(labels).toBe(lists[(Number(String(where).split(":")[1]) - 1) % 4]!.sort().join(", "));
    }
  });

  test("of values: the largest errors", async () => {
    const { worst, results, pictures } = await reported({}, rowsOf(16, (i) => ({ text: `${TEXTS[i % 4]} ${i}`, label: i / 8 }))); // biome-ignore format: one line
    expect(pictures).toEqual(["evaluation-predicted.svg"]);
    const errors = worst.map(({ label, prediction, error }) => {
      expect(Number(prediction) - Number(label)).toBeCloseTo(Number(error), 9);
      return Math.abs(Number(error));
    });
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
    expect(mean(errors.map((error) => error ** 2))).toBeCloseTo(results.eval_loss, 6);
  });

  test("of words: entities by type, and the sentences with their mistakes", async () => {
    const rows = readLines(fixture("data/test-tokens.jsonl"));
    const keys = { model_name_or_path: fixture("bert-tokens"), task_type: "TOKEN_CLS" };
    const { worst, report } = await reported(keys, rows);
    expect((report.entities as Cells[]).map(({ type }) => type)).toEqual(["DAYS", "TOPIC"]);
    falling(worst, "loss");
    for (const { where, wrong, words, mistakes, text } of worst) {
      const row = rows[Number(String(where).split(":")[1]) - 1] as { tokens: string[]; labels: string[] };
      expect(words).toBe(row.labels.length);
      expect(String(text).startsWith(row.tokens[0]!)).toBe(true);
      const named = String(mistakes).split(", ").filter((part) => part.includes("→")); // biome-ignore format: a chain
      expect(named).toHaveLength(Math.min(3, Number(wrong)));
      for (const part of named) {
        const [, word, label] = /^(.*): (\S+) → \S+$/.exec(part)!;
        const at = row.tokens.flatMap((token, i) => (token.toLowerCase() === word ? i : []));
        expect(at.map((i) => row.labels[i])).toContain(label);
      }
    }
  });

  test("of search: results by k, and the worst queries with what came first", async () => {
    const rows = rowsOf(12, (i) => ({ anchor: WORDS[i], positive: WORDS[(i + 5) % 12] }));
    const { folder, worst, report, results, pictures } = await reported({ task_type: "FEATURE_EXTRACTION" }, rows);
    expect((report.by_k as Cells[]).map(({ k, recall }) => [k, recall])).toEqual(
      [1, 5, 10].map((k) => [k, results[`eval_recall@${k}`]]),
    );
    expect(pictures).toEqual(["evaluation-retrieval.svg"]);
    const precisions = worst.map(({ average_precision }) => Number(average_precision));
    expect(precisions).toEqual([...precisions].sort((a, b) => a - b));
    for (const { average_precision, rank, first_result, where, text } of worst) {
      expect(average_precision).toBeCloseTo(1 / Number(rank), 12); // each query has one answer
      expect(first_result).not.toBe(where);
      const { anchor, positive } = rows[Number(String(where).split(":")[1]) - 1] as Record<string, string>;
      expect(text).toBe(`${anchor} → ${positive}`);
    }
    const queries = (readJson(`${folder}/eval_predictions.json`).ndcg as unknown[]).length;
    expect(worst.length).toBe(Math.round(queries * (1 - Number(results["eval_accuracy@1"]))));
  });

  test("of pairs and of classes of texts", async () => {
    const pairs = rowsOf(8, (i) => ({ sentence1: TEXTS[i % 4], sentence2: TEXTS[(i + 1) % 4], score: i / 8 }));
    const similar = await reported({ task_type: "FEATURE_EXTRACTION", loss_type: "cosine_similarity" }, pairs);
    expect(Math.abs(Number(similar.worst[0]!.error))).toBeGreaterThan(0.1);
    const classes = rowsOf(8, (i) => ({ text: `${TEXTS[i % 4]} ${i}`, label: i % 2 }));
    const { worst } = await reported({ task_type: "FEATURE_EXTRACTION", loss_type: "batch_all_triplet" }, classes);
    expect(worst[0]).toMatchObject({ where: expect.stringMatching(/^test\.jsonl:\d$/), rank: expect.any(Number) });
  });

  test("of language models: the mean loss and perplexity of each example", async () => {
    const causal = { model_name_or_path: fixture("causal/llama"), task_type: "CAUSAL_LM" };
    const rows = rowsOf(6, (i) => ({ prompt: `question ${i}: `, completion: TEXTS[i % 4]!.repeat(1 + i) }));
    const { worst, results } = await reported(causal, rows);
    const sum = (of: (row: Cells) => number): number => worst.reduce((total, row) => total + of(row), 0);
    falling(worst, "loss");
    const tokens = sum((row) => Number(row.tokens));
    expect(sum((row) => Number(row.tokens) * Number(row.loss)) / tokens).toBeCloseTo(results.eval_loss, 5);
    expect(sum((row) => Number(row.correct)) / tokens).toBeCloseTo(Number(results.eval_mean_token_accuracy), 9);
    for (const { loss, perplexity, text, where } of worst) {
      expect(perplexity).toBeCloseTo(Math.exp(Number(loss)), 9);
      const { completion } = rows[Number(String(where).split(":")[1]) - 1] as { completion: string };
      expect(completion.startsWith(String(text).replace(/…$/, ""))).toBe(true);
    }
    const packed = await reported({ ...causal, packing: true, max_length: 128 }, rowsOf(6, (i) => ({ text: TEXTS[i % 4] }))); // biome-ignore format: one line
    const together = packed.worst.find(({ where }) => /^test\.jsonl:\d and \d more$/.test(String(where)));
    expect(TEXTS.some((text) => String(together?.text).startsWith(text))).toBe(true);
    const masked = { model_name_or_path: fixture("masked/bert"), task_type: "MASKED_LM" };
    const hidden = await reported(
      masked,
      rowsOf(6, (i) => ({ text: TEXTS[i % 4] })),
    );
    expect(TEXTS).toContain(hidden.worst[0]!.text);
  });
});

test("a base model alone has a report of its own name, and a run leaves none of the model before it", async () => {
  const folder = temporary();
  const keys = { dataset_name: fixture("data"), output_dir: folder, method: "lora", max_steps: 1 };
  await runHere(keys);
  await evaluate(recipeOf(keys), { adapter: folder, reportDir: folder });
  await evaluate(recipeOf(keys), { reportDir: folder });
  const reports = (): string[] => readdirSync(folder).filter((name) => /evaluation/.test(name)).sort(); // biome-ignore format: a chain
  const parts = ["-confusion.svg", "-reliability.svg", ".json", ".md"];
  expect(reports()).toEqual([...parts.map((part) => `base-evaluation${part}`), ...parts.map((part) => `evaluation${part}`)].sort()); // biome-ignore format: one line
  expect(readJson(`${folder}/base-evaluation.json`)).not.toHaveProperty("adapter");
  await runHere(keys);
  expect(reports()).toEqual(parts.map((part) => `base-evaluation${part}`));
});

test("a folder that cannot be written is a warning, and the scores are there; none is written unless it is named", async () => {
  const keys = { dataset_name: fixture("data") };
  const taken = `${temporary()}/file`;
  writeFileSync(taken, "");
  const warnings: string[] = [];
  const results = await evaluate(recipeOf(keys), {
    reportDir: `${taken}/in`,
    onWarning: (message) => warnings.push(message),
    onReport: () => expect.unreachable(),
  });
  expect(results.eval_samples).toBe(16);
  expect(warnings.join("\n")).toMatch(/the report was not written: .*file/s);
  expect(existsSync("trainer_output")).toBe(false);
});
