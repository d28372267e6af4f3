/**
 * Memory and time to the first step by the number of rows, each run in a fresh process:
 * `npm run bench:rows -- [--rows 10000,100000,1000000] [--task SEQ_CLS|CAUSAL_LM] [--model embedded]`. Rows are short texts (3 to
 * 12 words), made here from a seed; three steps of LoRA on two threads. Ratios compare with the first size of the same run.
 * Other work on the machine disturbs the seconds, not the bytes.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../src/random.ts";
import { figure, lowrank, printTable, ratio } from "./sides.ts";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "10000,100000,1000000" },
    task: { type: "string", default: "SEQ_CLS" },
    model: { type: "string", default: "embedded" },
  },
});
const sizes = values.rows.split(",").map(Number);
const folder = mkdtempSync(join(tmpdir(), "lowrank-rows-"));
try {
  const runs = sizes.map((rows) => ({ rows, ...measured(rows) }));
  const first = runs[0];
  printTable([
    ["rows", "peak RSS (MB)", "÷ first", "first step (s)", "rows / s before it"],
    ...runs.map(({ rows, peakRssBytes, firstStepSeconds }) => [
      figure(rows),
      figure(peakRssBytes / 1e6),
      ratio(peakRssBytes, first?.peakRssBytes),
      figure(firstStepSeconds, 1),
      figure(rows / firstStepSeconds),
    ]),
  ]);
} finally {
  rmSync(folder, { recursive: true });
}

function measured(rows: number): { peakRssBytes: number; firstStepSeconds: number } {
  const data = join(folder, `${rows}.jsonl`);
  writeRows(data, rows);
  const recipe = join(folder, "recipe.yaml");
  writeFileSync(recipe, `model_name_or_path: ${values.model}\ndataset_name: ${data}\ntask_type: ${values.task}\n`);
  const out = join(folder, `out-${rows}`);
  const keys = { max_steps: 3, output_dir: out, eval_strategy: "no", save_strategy: "no", max_length: 128 };
  lowrank(["train", recipe, ...Object.entries(keys).map(([key, value]) => `--${key}=${value}`), "--quiet"]);
  const results = JSON.parse(readFileSync(join(out, "train_results.json"), "utf8"));
  return { peakRssBytes: results.peak_rss_bytes, firstStepSeconds: results.first_step_seconds };
}

/** Short texts of a few words, with one of two labels. */
function writeRows(path: string, count: number): void {
  const words =
    "the tenant shall pay rent on first day of each month and landlord may enter upon notice to party".split(" ");
  const random = Random.seed(1);
  const file = openSync(path, "w");
  for (let row = 0; row < count; ) {
    const lines: string[] = [];
    for (; lines.length < 10_000 && row < count; row++) {
      const text = Array.from({ length: 3 + random.int(10) }, () => words[random.int(words.length)]).join(" ");
      lines.push(`${JSON.stringify({ text, label: row % 2 === 0 ? "yes" : "no" })}\n`);
    }
    writeSync(file, lines.join(""));
  }
  closeSync(file);
}
