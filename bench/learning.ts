/**
 * What each method learns with the shipped recipe: `npm run bench:learning -- [--seeds 0,1,2] [--methods full,lora,…]
 * [--model DIR] [--data DIR] [--steps N]`. F1 on the test split: mean ± standard deviation over seeds, and the mean ends
 * of the 95 % bootstrap intervals over test examples.
 */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { figure, lowrank, printTable, settings } from "./sides.ts";

type Figure = "trainable_percent" | "peak_rss_bytes" | "train_seconds" | "micro_f1" | "macro_f1";
type Row = { readonly method: string } & Readonly<Record<Figure, number>> &
  Readonly<Record<"micro_f1_interval" | "macro_f1_interval", readonly [number, number]>>;

const stepsGiven = process.argv.some((arg) => arg.startsWith("--steps"));
const { model, data, steps, seeds, methods } = settings({ seeds: "0,1,2", methods: "full,lora,qlora,adapter,head" });
const output = mkdtempSync(join(tmpdir(), "lowrank-learning-"));
const recipe = join(import.meta.dirname, "../recipes/contract-clauses.yaml");
const keys = {
  model_name_or_path: model,
  dataset_name: data,
  output_dir: output,
  ...(stepsGiven && { max_steps: steps }),
};
const flags = Object.entries(keys).map(([key, value]) => `--${key}=${value}`);
lowrank(["compare", recipe, "--methods", methods.join(","), "--seeds", seeds, ...flags, "--quiet"]);

const { rows } = JSON.parse(readFileSync(join(output, "comparison.json"), "utf8")) as { rows: readonly Row[] };
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / Math.max(1, values.length - 1));

printTable([
  ["method", "trainable (%)", "micro F1", "95 % interval", "macro F1", "95 % interval", "peak RSS (MB)", "time (s)"],
  ...methods.map((method) => {
    const runs = rows.filter((row) => row.method === method);
    const of = (figure: (row: Row) => number): readonly number[] => runs.map(figure);
    const score = (key: "micro_f1" | "macro_f1"): string[] => {
      const values = of((row) => row[key]);
      const [low, high] = [0, 1].map((end) => mean(of((row) => row[`${key}_interval`][end as 0 | 1])));
      return [`${mean(values).toFixed(3)} ± ${deviation(values).toFixed(3)}`, `${low?.toFixed(3)}–${high?.toFixed(3)}`];
    };
    return [
      method,
      mean(of((row) => row.trainable_percent)).toPrecision(3),
      ...score("micro_f1"),
      ...score("macro_f1"),
      figure(mean(of((row) => row.peak_rss_bytes)) / 1e6),
      figure(mean(of((row) => row.train_seconds))),
    ];
  }),
]);
console.log(`\nruns, predictions and plot: ${output}`);
