import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../formats/temporary.ts";

/** Folders with `minilm` and with `cuad-clauses-19`: a sentence encoder of 22.7 M parameters, and contract clauses. */
const { LOWRANK_MODELS: models, LOWRANK_DATA: data } = process.env;
const missing = [
  ["LOWRANK_MODELS", models && `${models}/minilm`],
  ["LOWRANK_DATA", data && `${data}/cuad-clauses-19`],
].flatMap(([variable, path]) => (path && existsSync(path) ? [] : [variable]));

const output = await temporaryFolder();

/** Steps of each method, and what it must reach: the last ten losses over the first ten, and micro F1 (19 classes). */
const METHODS = [
  ["lora", 40, 0.7, 0.4],
  ["qlora", 40, 0.7, 0.4],
  ["adapter", 60, 0.9, 0.2],
  ["full", 60, 0.7, 0.4],
] as const;

/** Runs the built command; returns the JSON lines it printed. */
function lowrank(...args: string[]): Record<string, unknown>[] {
  const printed = execFileSync(process.execPath, ["dist/cli/main.js", ...args, "--json", "--quiet"], {
    encoding: "utf8",
  });
  return printed.trim().split("\n").map((line) => JSON.parse(line)); // biome-ignore format: a chain
}

const recipe = "recipes/contract-clauses.yaml";
const source = [`--model_name_or_path=${models}/minilm`, `--dataset_name=${data}/cuad-clauses-19`];
const short = ["--max_length=64", "--max_eval_samples=60", "--warmup_steps=0.1"];
const json = (file: string) => JSON.parse(readFileSync(file, "utf8"));

describe.skipIf(missing.length > 0)(
  `MiniLM on contract clauses${missing.map((name) => `: set ${name}`).join()}`,
  () => {
    test("is planned without leaving a trace", () => {
      const [plan] = lowrank("plan", recipe, ...source, "--num_train_epochs=2", `--output_dir=${output}/planned`);
      expect(plan).toMatchObject({ event: "plan", method: "lora", examples: 3657, steps: 458 });
      expect(plan!.total_parameters).toBeGreaterThan(22e6);
      expect(existsSync(`${output}/planned`)).toBe(false);
    });

    test.each(METHODS)(
      "%s learns in %i steps, and what it saved says the same",
      (method, steps, lossRatio, microF1) => {
        const folder = `${output}/${method}`;
        const length = [...short, `--max_steps=${steps}`];
        const events = lowrank("train", recipe, ...source, ...length, `--method=${method}`, `--output_dir=${folder}`);
        const losses = events.filter(({ event }) => event === "step").map(({ loss }) => loss as number);
        const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
        expect(losses).toHaveLength(steps);
        expect(mean(losses.slice(-10))).toBeLessThan(lossRatio * mean(losses.slice(0, 10)));
        const trained = json(`${folder}/eval_results.json`);
        expect(trained.eval_micro_f1).toBeGreaterThan(microF1);

        const same = [`--method=${method}`, `--adapter_name_or_path=${folder}`];
        const [again] = lowrank("evaluate", recipe, ...source, ...short, ...same);
        expect(again!.eval_loss).toBeCloseTo(trained.eval_loss, 4);
        expect(again!.eval_micro_f1).toBe(trained.eval_micro_f1);

        const law = "This Agreement shall be governed by the laws of the State of New York.";
        expect(lowrank("predict", `--adapter_name_or_path=${folder}`, law)[0]).toMatchObject({
          label: "Governing Law",
        });
      },
      300_000,
    );
  },
);
