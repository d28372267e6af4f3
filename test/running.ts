import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import type { StepEvent, TrainEvent } from "../src/events/events.ts";
import { readFloat32 } from "../src/formats/safetensors/float32.ts";
import { readSafetensors } from "../src/formats/safetensors/safetensors.ts";
import { writeTensors } from "../src/formats/safetensors/tensors.ts";
import type { Finished, Job } from "../src/prepared/job.ts";
import { parseRecipe } from "../src/recipe/parse.ts";
import { resolveRecipe } from "../src/recipe/resolve.ts";
import type { Recipe } from "../src/recipe/schema.ts";
import { userSetKeys } from "../src/recipe/user-set-keys.ts";
import { runJob } from "../src/training/run.ts";

/** Path of a fixture of test/parity. */
export const fixture = (path: string): string => join(import.meta.dirname, "./parity/fixtures", path);

/** A new folder that is removed after the calling test file. */
export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "lowrank-trainer-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The JSON objects of a file's lines. */
export const readLines = (path: string): Record<string, unknown>[] =>
  readFileSync(path, "utf8").trim().split("\n").map((line) => JSON.parse(line)); // biome-ignore format: a chain

/** The JSON object of a file. */
export const readJson = (path: string): Record<string, unknown> => JSON.parse(readFileSync(path, "utf8"));

/** Rows of the fixtures' data by split. */
export const rowsOf = (tokens = false): Record<string, Record<string, unknown>[]> =>
  Object.fromEntries(
    ["train", "test"].map((split) => [split, readLines(fixture(`data/${split}${tokens ? "-tokens" : ""}.jsonl`))]),
  );

/** Keys of a recipe. */
export type Keys = Readonly<Record<string, unknown>>;

/** A small recipe: the tiny BERT, four steps of eight rows in file order, unless `keys` say otherwise. */
export const recipeOf = (keys: Keys = {}): Recipe =>
  parseRecipe("", {
    overrides: {
      model_name_or_path: fixture("bert"),
      dataset_name: "given",
      max_steps: 4,
      warmup_steps: 0,
      shuffle_dataset: false,
      group_by_length: false,
      ...keys,
    },
  });

/** How a test runs a job. */
export interface Running {
  /** Ends the run after this step. */
  readonly stopAfter?: number;
  readonly rows?: Job["rows"];
  readonly start?: Job["start"];
  /** Called with each event, before the run goes on. */
  readonly onEvent?: (event: TrainEvent) => void;
}

/** What a test run said and left. */
export interface Ran extends Partial<Finished> {
  readonly events: readonly TrainEvent[];
  readonly steps: readonly StepEvent[];
  readonly losses: readonly number[];
  /** What ended it early. */
  readonly error?: unknown;
}

/** Runs a recipe in this thread; it writes its folder when `keys` name one. An interruption is part of the result. */
export async function runHere(keys: Keys, { stopAfter, rows = rowsOf(), start, onEvent }: Running = {}): Promise<Ran> {
  const recipe = recipeOf(keys);
  const job: Job = {
    recipe: resolveRecipe(recipe),
    userSetKeys: userSetKeys(recipe),
    write: keys.output_dir !== undefined,
    ...(keys.dataset_name === undefined && { rows }),
    ...(start && { start }),
  };
  const events: TrainEvent[] = [];
  const steps: StepEvent[] = [];
  const result = (more: object): Ran => ({ events, steps, losses: steps.map(({ loss }) => loss), ...more });
  const run = runJob(job, () => steps.length === stopAfter);
  for (;;) {
    try {
      const { done, value } = await run.next();
      if (done) return result(value);
      events.push(value);
      onEvent?.(value);
      if (value.kind === "step") steps.push(value);
    } catch (error) {
      if (steps.length === 0 || stopAfter === undefined) throw error;
      return result({ error });
    }
  }
}

/**
 * Expects that four steps of an adapter, stopped after two and resumed, end with the bytes of four in one go.
 * @returns the output folders of both.
 */
export async function expectResumedAlike(given: Keys): Promise<{ readonly once: string; readonly twice: string }> {
  const keys = { ...given, max_steps: 4, save_strategy: "steps", save_steps: 2 };
  const [once, twice] = [temporary(), temporary()];
  await runHere({ ...keys, output_dir: once });
  await runHere({ ...keys, output_dir: twice }, { stopAfter: 2 });
  await runHere({ ...keys, output_dir: twice, resume_from_checkpoint: true });
  const weights = (folder: string): Buffer => readFileSync(`${folder}/adapter_model.safetensors`);
  expect(weights(twice).equals(weights(once))).toBe(true);
  return { once, twice };
}

/** All float tensors of a safetensors file. */
export async function tensorsOf(path: string): Promise<Map<string, { shape: readonly number[]; data: Float32Array }>> {
  const { tensors } = await readSafetensors(path);
  const read = [...tensors].map(async ([name, entry]) => [name, { shape: entry.shape, data: await readFloat32(entry) }] as const); // biome-ignore format: one step
  return new Map(await Promise.all(read));
}

type Tensors = Awaited<ReturnType<typeof tensorsOf>>;

/** A copy of a fixture's model, to be changed. */
export function copyOf(name: string): string {
  const folder = temporary();
  cpSync(fixture(name), folder, { recursive: true, filter: (path) => !/adapters|expected/.test(path) });
  return folder;
}

/** A copy of the tiny BERT in a folder of its own, its configuration or tensors changed. */
export async function changedModel(
  config: Keys | ((config: Record<string, unknown>) => Keys) = {},
  tensors?: (tensors: Tensors) => Iterable<readonly [string, { shape: readonly number[]; data: Float32Array }]>,
): Promise<string> {
  const folder = copyOf("bert");
  const given = readJson(`${folder}/config.json`);
  const changed = typeof config === "function" ? config(given) : { ...given, ...config };
  writeFileSync(`${folder}/config.json`, JSON.stringify(changed));
  const weights = `${folder}/model.safetensors`;
  if (tensors) await writeTensors(weights, tensors(await tensorsOf(weights)));
  return folder;
}

/** Bytes of a file, or `undefined`. */
export const bytesOf = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path).toString("base64") : undefined;
