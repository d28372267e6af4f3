/**
 * What a causal model learns with the shipped recipe: `npm run bench:language -- [--model DIR-or-GGUF] [--data DIR]
 * [--rows 3657] [--tested 400] [--texts 60] [--only clauses|contracts] [--methods lora,qlora8,qlora] [--seed 0]`.
 *
 * Clauses: rows {prompt: a clause, completion: its category}; the share of test clauses whose category the model writes, token
 * for token. Contracts: raw texts, packed; perplexity on contracts that no method saw. Each beside the untuned model.
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { figure, lowrank, printTable } from "./sides.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: { model: text, data: text, rows: text, tested: text, texts: text, only: text, methods: text, seed: text },
});
const models = process.env.LOWRANK_MODELS ?? join(homedir(), ".cache/lowrank-models");
const model = values.model ?? join(models, "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
const data = values.data ?? join(import.meta.dirname, "../../shared/data");
/** What is trained; of `qlora` the base lies in four bits (NF4), of `qlora8` in eight, of `qloraG` in the blocks of its file. */
const METHODS: Readonly<Record<string, object>> = {
  lora: { method: "lora" },
  qloraG: { method: "qlora", bnb_4bit_quant_type: "gguf" },
  qlora8: { method: "qlora", load_in_8bit: true },
  qlora: { method: "qlora" },
};
const methods = (values.methods ?? Object.keys(METHODS).join()).split(",");
const recipe = join(import.meta.dirname, "../recipes/language-model.yaml");
const output = mkdtempSync(join(tmpdir(), "lowrank-language-"));

type Row = Readonly<Record<"text" | "label", string>>;

/** The rows of a gzipped JSON Lines file. */
function rowsOf(file: string): Row[] {
  const lines = gunzipSync(readFileSync(join(data, file))).toString("utf8").trim().split("\n"); // biome-ignore format: a chain
  return lines.map((line) => JSON.parse(line) as Row);
}

/** Every so-manieth item, `count` in all: a sample without chance. */
const spread = <T>(items: readonly T[], count: number): T[] =>
  items.filter((_, i) => Math.floor((i * count) / items.length) !== Math.floor(((i - 1) * count) / items.length));

/** Writes a data set's splits into a folder of its own. */
function dataset(name: string, splits: Readonly<Record<string, readonly object[]>>): string {
  const folder = mkdtempSync(join(output, `${name}-`));
  for (const [split, rows] of Object.entries(splits)) {
    writeFileSync(join(folder, `${split}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  }
  return folder;
}

const asked = ({ text, label }: Row): object => ({ prompt: `Clause: ${text}\nCategory:`, completion: ` ${label}` });

interface Task {
  readonly folder: string;
  readonly keys: Readonly<Record<string, unknown>>;
  /** What is compared, as `eval_results.json` names it. */
  readonly metrics: readonly string[];
}

const TASKS: Readonly<Record<string, () => Task>> = {
  clauses: () => ({
    folder: dataset("clauses", {
      train: spread(rowsOf("cuad-clauses-19/train.jsonl.gz"), Number(values.rows ?? 3657)).map(asked),
      test: spread(rowsOf("cuad-clauses-19/test.jsonl.gz"), Number(values.tested ?? 400)).map(asked),
    }),
    keys: { max_length: 512 },
    metrics: ["eval_exact_match", "eval_mean_token_accuracy", "eval_perplexity"],
  }),
  contracts: () => {
    const texts = spread(rowsOf("contracts/train.jsonl.gz"), Number(values.texts ?? 60)).map(({ text }) => ({ text: text.slice(0, 20_000) })); // biome-ignore format: a chain
    const held = texts.filter((_, i) => i % 6 === 0);
    return {
      folder: dataset("contracts", { train: texts.filter((_, i) => i % 6 !== 0), test: held }),
      keys: { max_length: 512, packing: true, learning_rate: 5e-4 },
      metrics: ["eval_perplexity", "eval_mean_token_accuracy"],
    };
  },
};

for (const [name, build] of Object.entries(TASKS)) {
  if (values.only !== undefined && values.only !== name) continue;
  const { folder, keys, metrics } = build();
  const flags = (more: object): string[] =>
    Object.entries({ model_name_or_path: model, dataset_name: folder, seed: values.seed ?? 0, ...keys, ...more }).map(
      ([key, value]) => `--${key}=${value}`,
    );
  const untuned = JSON.parse(lowrank(["evaluate", recipe, ...flags({ method: "lora" }), "--json", "--quiet"]));
  const rows = methods.map((method) => {
    const out = join(output, `${name}-${method}`);
    lowrank(["train", recipe, ...flags({ ...METHODS[method], output_dir: out }), "--quiet"]);
    const read = (file: string) => JSON.parse(readFileSync(join(out, file), "utf8"));
    const [scores, run] = [read("eval_results.json"), read("train_results.json")];
    return [
      method,
      ...metrics.map((metric) => scores[metric].toFixed(3)),
      figure(run.num_tokens),
      figure(run.train_seconds),
      figure(run.peak_rss_bytes / 1e6),
    ];
  });
  console.log(`\n${name}`);
  printTable([
    ["", ...metrics.map((metric) => metric.replace(/^eval_/, "")), "tokens trained on", "time (s)", "peak memory (MB)"],
    ["untuned", ...metrics.map((metric) => untuned[metric].toFixed(3)), "", "", ""],
    ...rows,
  ]);
}
console.log(`\nruns and data: ${output}`);
