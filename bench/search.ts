/**
 * Search over clauses before and after training: `npm run bench:search -- [--model FOLDER] [--methods lora,full] [--seeds 0]`.
 * Pairs of a heading and a clause under it, of the embedded licence texts. Each heading of the test split, whose licences no
 * other split has, is a query against all clauses of that split.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { EMBEDDED_SPLITS, embeddedRows } from "../src/provisions/provisions.ts";
import { figure, lowrank, printTable } from "./sides.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { model: text, methods: text, seeds: text } });
const model = values.model ?? join(process.env.LOWRANK_MODELS ?? join(homedir(), ".cache/lowrank-models"), "minilm");
const methods = (values.methods ?? "lora,full").split(",");
const seeds = (values.seeds ?? "0").split(",");
const RECIPE = join(import.meta.dirname, "../recipes/search.yaml");
const FIGURES = ["ndcg@10", "mrr@10", "recall@10"] as const;

const folder = mkdtempSync(join(tmpdir(), "lowrank-search-"));
const data = join(folder, "data");

/** Writes the pairs of each split; returns how many. */
async function writePairs(): Promise<Record<string, number>> {
  mkdirSync(data);
  const counts: Record<string, number> = {};
  for (const split of EMBEDDED_SPLITS) {
    const rows = await embeddedRows(split);
    const pairs = rows.map(({ values, where }) => {
      const heading = where.split(" § ")[1] as string;
      return { anchor: heading.toLowerCase(), positive: values.text };
    });
    writeFileSync(join(data, `${split}.jsonl`), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(""));
    counts[split] = pairs.length;
  }
  return counts;
}

type Scores = Readonly<Record<string, number>>;
const shown = (scores: Scores): string[] => FIGURES.map((name) => figure(scores[`eval_${name}`], 3));
const mean = (runs: readonly Scores[], key: string): number =>
  runs.reduce((sum, run) => sum + (run[key] as number), 0) / runs.length;

/** Scores of the model as it is. */
function before(): Scores {
  const flags = [`--model_name_or_path=${model}`, `--dataset_name=${data}`, "--json", "--quiet"];
  return JSON.parse(lowrank(["evaluate", RECIPE, ...flags])) as Scores;
}

/** Scores and costs of one training, in a process of its own. */
function after(method: string, seed: string): Scores {
  const output = join(folder, `${method}-${seed}`);
  const keys = { model_name_or_path: model, dataset_name: data, output_dir: output, method, seed };
  lowrank(["train", RECIPE, ...Object.entries(keys).map(([key, value]) => `--${key}=${value}`), "--quiet"]);
  const read = (name: string): Scores => JSON.parse(readFileSync(join(output, name), "utf8"));
  return { ...read("eval_results.json"), ...read("train_results.json") };
}

try {
  const counts = await writePairs();
  console.log(
    `${counts.train} pairs to train on; ${counts.test} of other licences to search in; seeds ${seeds.join(", ")}\n`,
  );
  const trained = methods.map((method) => {
    const runs = seeds.map((seed) => after(method, seed));
    const of = (key: string): number => mean(runs, key);
    const scores = Object.fromEntries(FIGURES.map((name) => [`eval_${name}`, of(`eval_${name}`)]));
    const costs = [
      of("trainable_percent").toPrecision(3),
      figure(of("peak_rss_bytes") / 1e6),
      figure(of("train_seconds")),
    ];
    return [method, ...shown(scores), ...costs];
  });
  printTable([
    ["", "NDCG@10", "MRR@10", "recall@10", "trainable (%)", "peak memory (MB)", "time (s)"],
    ["before", ...shown(before()), "–", "–", "–"],
    ...trained,
  ]);
} finally {
  rmSync(folder, { recursive: true });
}
