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

describe.skipIf(missing)(`planned memory of MiniLM, 16 × 256 tokens${missing}`, () => {
  test.each([
    ["lora", false, false],
    ["qlora", true, false],
    ["qlora", true, true],
    ["full", true, false],
  ])(
    "%s, gradient checkpointing %s, eight bits %s: a fresh process takes what was planned",
    (method, checkpointing, eightBits) => {
      const folder = `${output}/${method}-${eightBits}`;
      const train = rows.flatMap((row) => new Array<object>(12).fill(row));
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${folder}/train.jsonl`, train.map((row) => `${JSON.stringify(row)}\n`).join(""));
      writeFileSync(
        `${folder}/recipe.yaml`,
        `model_name_or_path: ${models}/minilm\ndataset_name: ${folder}/train.jsonl\nper_device_train_batch_size: 16\n`,
      );
      const flags = {
        method,
        gradient_checkpointing: checkpointing,
        load_in_8bit: eightBits,
        max_steps: 2,
        save_strategy: "no",
        eval_strategy: "no",
      };
      const args = Object.entries({ ...flags, output_dir: `${folder}/out` }).map(([key, value]) => `--${key}=${value}`);
      execFileSync(process.execPath, ["dist/cli/main.js", "train", `${folder}/recipe.yaml`, ...args, "--quiet"]);
      const results = JSON.parse(readFileSync(`${folder}/out/train_results.json`, "utf8"));
      const ratio = results.planned_peak_rss_bytes / results.peak_rss_bytes;
      expect(ratio).toBeGreaterThan(1 - WITHIN);
      expect(ratio).toBeLessThan(1 + WITHIN);

      const printed = execFileSync(
        process.execPath,
        ["dist/cli/main.js", "plan", `${folder}/recipe.yaml`, ...args, "--json", "--quiet"],
        { encoding: "utf8" },
      );
      const plan = JSON.parse(printed);
      expect(plan.peak_rss_bytes / results.peak_rss_bytes).toBeGreaterThan(1 - WITHIN);
      expect(plan.peak_rss_bytes / results.peak_rss_bytes).toBeLessThan(1 + WITHIN);
      expect(plan.memory_bytes).toMatchObject({ weights: results.memory_bytes.weights });
    },
    300_000,
  );
});
