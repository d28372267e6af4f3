import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../formats/temporary.ts";

/** A folder with `minilm`: a sentence encoder of 22.7 M parameters. Texts are made here: their lengths matter, not their words. */
const { LOWRANK_MODELS: models } = process.env;
const missing = models && existsSync(`${models}/minilm`) ? "" : " (skipped: set LOWRANK_MODELS)";

/** How far the prediction may be off. */
const WITHIN = 0.15;

const output = await temporaryFolder();
const rows = (["yes", "no"] as const).map((text, label) => ({ label, text: `${text} `.repeat(300) }));

/** Trains two steps in a fresh process, and plans them in another: the results of the one, the report of the other. */
function trainedAndPlanned(name: string, data: readonly object[], keys: Readonly<Record<string, unknown>>) {
  const folder = `${output}/${name}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/train.jsonl`, data.map((row) => `${JSON.stringify(row)}\n`).join(""));
  writeFileSync(
    `${folder}/recipe.yaml`,
    `model_name_or_path: ${models}/minilm\ndataset_name: ${folder}/train.jsonl\nper_device_train_batch_size: 16\n`,
  );
  const flags = { ...keys, max_steps: 2, save_strategy: "no", eval_strategy: "no", output_dir: `${folder}/out` };
  const args = [
    `${folder}/recipe.yaml`,
    ...Object.entries(flags).map(([key, value]) => `--${key}=${value}`),
    "--quiet",
  ];
  execFileSync(process.execPath, ["dist/cli/main.js", "train", ...args]);
  const results = JSON.parse(readFileSync(`${folder}/out/train_results.json`, "utf8"));
  const command = ["dist/cli/main.js", "plan", ...args, "--json"];
  return { results, plan: JSON.parse(execFileSync(process.execPath, command, { encoding: "utf8" })) };
}

/** Both predictions are close to the measured peak: the run's own and that of `plan`. */
function expectAsPlanned({ results, plan }: ReturnType<typeof trainedAndPlanned>): void {
  for (const planned of [results.planned_peak_rss_bytes, plan.peak_rss_bytes]) {
    expect(planned / results.peak_rss_bytes).toBeGreaterThan(1 - WITHIN);
    expect(planned / results.peak_rss_bytes).toBeLessThan(1 + WITHIN);
  }
  expect(plan.memory_bytes).toMatchObject({ weights: results.memory_bytes.weights });
}

describe.skipIf(missing)(`planned memory of MiniLM, 16 × 256 tokens${missing}`, () => {
  test.each([
    ["lora", false, false],
    ["qlora", true, false],
    ["qlora", true, true],
    ["full", true, false],
  ])(
    "%s, gradient checkpointing %s, eight bits %s: a fresh process takes what was planned",
    (method, checkpointing, eightBits) => {
      const keys = { method, gradient_checkpointing: checkpointing, load_in_8bit: eightBits };
      const train = rows.flatMap((row) => new Array<object>(12).fill(row));
      expectAsPlanned(trainedAndPlanned(`${method}-${eightBits}`, train, keys));
    },
    300_000,
  );

  test("search: 16 pairs of twice 128 tokens take what was planned, and not the model's own 256", () => {
    const pairs = new Array<object>(32).fill({ anchor: rows[0]?.text, positive: rows[1]?.text });
    const keys = { task_type: "FEATURE_EXTRACTION", method: "lora", lora_dropout: 0, max_length: 128 };
    expectAsPlanned(trainedAndPlanned("search", pairs, keys));
  }, 300_000);
});
