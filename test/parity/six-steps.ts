import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { METHOD_RECIPES } from "../../src/methods/keys/index.ts";
import type { Job } from "../../src/prepared/job.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { userSetKeys } from "../../src/recipe/user-set-keys.ts";
import { runJob } from "../../src/training/run.ts";

/** Where the scripts of this folder write. */
export const FIXTURES = join(import.meta.dirname, "fixtures");

/** What Python found when it trained the same files; see README.md. */
export interface Method {
  readonly adapter: string | null;
  readonly learning_rate: number;
  readonly trainable_parameters: number;
  readonly losses: readonly number[];
  readonly grad_norms: readonly number[];
  readonly eval_loss: number;
}

/** The same figures, found here. */
export interface Found {
  readonly losses: number[];
  readonly norms: number[];
  trainable: number;
  evalLoss?: number;
}

type Keys = Readonly<Record<string, unknown>>;

/** How each method of the fixtures is said in a recipe; what a starting adapter decides is left out. */
const METHODS: Readonly<Record<string, Keys>> = {
  full: { method: "full" },
  lora: { method: "lora" },
  "all-linear-rslora": { method: "lora" },
  dora: { method: "lora" },
  patterns: { method: "lora" },
  "qlora-nf4": { method: "qlora", use_bnb_nested_quant: false },
  "qlora-nf4-double": { method: "qlora" },
  "qlora-fp4": { method: "qlora", bnb_4bit_quant_type: "fp4", use_bnb_nested_quant: false },
  "qlora-int8": { method: "qlora", load_in_8bit: true },
  houlsby: { method: "adapter" },
};

/**
 * A recipe for a name of the fixtures. One that is not in the table goes by its method, `-nf4` for a quantized base; after `lora-`
 * stands what its starting adapter has.
 */
function keysOf(name: string): Keys {
  const known = METHODS[name];
  if (known) return known;
  const method = name.replace(/-nf4$/, "").replace(/^lora-.*/, "lora");
  expect(Object.keys(METHOD_RECIPES), `no recipe for ${name}`).toContain(method);
  return { method, ...(name.endsWith("-nf4") && { load_in_4bit: true, use_bnb_nested_quant: false }) };
}

/** Every method of every fixture in a folder of `fixtures/`: where it lies there, the method's name, what is expected. */
export const casesIn = (folder: string): (readonly [fixture: string, name: string, method: Method])[] =>
  readdirSync(join(FIXTURES, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => (folder ? `${folder}/${name}` : name))
    .flatMap((fixture) =>
      readdirSync(join(FIXTURES, fixture))
        .filter((file) => /^expected.*\.json$/.test(file))
        .flatMap((file) => {
          const { methods = {} } = readJson<{ methods?: Record<string, Method> }>(`${fixture}/${file}`);
          return Object.entries(methods).map(([name, method]) => [fixture, name, method] as const);
        }),
    );

/** A JSON file of `fixtures/`. */
export const readJson = <T>(file: string): T => JSON.parse(readFileSync(join(FIXTURES, file), "utf8")) as T;

/** The job of training a fixture as Python trained it. `keys` say the task. */
export function jobOf(fixture: string, name: string, { adapter, learning_rate }: Method, keys: Keys): Job {
  const recipe = parseRecipe("", {
    overrides: {
      model_name_or_path: `${FIXTURES}/${fixture}`,
      dataset_name: "given",
      ...(adapter && { adapter_name_or_path: `${FIXTURES}/${fixture}/${adapter}` }),
      ...keys,
      ...keysOf(name),
      learning_rate,
      warmup_steps: 0,
      max_steps: 6,
      per_device_train_batch_size: 8,
      shuffle_dataset: false,
      group_by_length: false,
    },
  });
  return { recipe: resolveRecipe(recipe), userSetKeys: userSetKeys(recipe), write: false };
}

/** Trains on the rows of `data/train<suffix>.jsonl`, evaluates on those of `data/test<suffix>.jsonl`. */
export async function train(job: Job, suffix = ""): Promise<Found> {
  const rows = (split: string): Record<string, unknown>[] =>
    readFileSync(`${FIXTURES}/data/${split}${suffix}.jsonl`, "utf8").trim().split("\n").map((line) => JSON.parse(line)); // biome-ignore format: a chain
  const found: Found = { losses: [], norms: [], trainable: 0 };
  for await (const event of runJob({ ...job, rows: { train: rows("train"), test: rows("test") } }, () => false)) {
    if (event.kind === "start") found.trainable = event.header.trainableParameters;
    if (event.kind === "eval") found.evalLoss = event.metrics.eval_loss;
    if (event.kind === "step") {
      found.losses.push(event.loss);
      found.norms.push(event.gradNorm);
    }
  }
  return found;
}

/** Four-bit weights are rounded to a code: where that is a close call, float32 may decide it otherwise. */
const toleranceOf = (name: string): number => (/nf4|fp4/.test(name) ? 1e-3 : 1e-4);

/** Losses, gradient norms and counts are those that Python found. */
export function expectSame(
  { losses, norms, trainable, evalLoss }: Found,
  name: string,
  method: Method,
  tolerance = toleranceOf(name),
): void {
  expect(trainable).toBe(method.trainable_parameters);
  expect(losses.length).toBe(method.losses.length);
  losses.forEach((loss, i) => {
    expect(Math.abs(loss - method.losses[i]!), `loss of step ${i + 1}: ${loss}`).toBeLessThan(tolerance);
  });
  norms.forEach((norm, i) => {
    expect(Math.abs(norm / method.grad_norms[i]! - 1), `norm of step ${i + 1}: ${norm}`).toBeLessThan(1e-3);
  });
  if (evalLoss !== undefined) {
    expect(Math.abs(evalLoss - method.eval_loss), `eval_loss ${evalLoss}`).toBeLessThan(tolerance);
  }
}
