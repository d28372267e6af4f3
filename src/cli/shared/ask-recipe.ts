import { LowrankError, RecipeError } from "../../errors.ts";
import { METHOD_RECIPES, METHODS } from "../../methods/keys/index.ts";
import { RECIPE_FILE } from "../../recipe/file-name.ts";
import { classifies, generates, TASK_FACTS, TASK_TYPES } from "../../task-types/index.ts";
import type { FoundModel, FoundRows, Recipe, RowsSource, RowsUse } from "../library/index.ts";
import { showDownloads } from "./download.ts";
import { count } from "./format.ts";
import type { Output } from "./output.ts";
import type { Choice, Questions } from "./questions.ts";

export { RECIPE_FILE };

type Keys = Readonly<Record<string, unknown>>;
type Task = Recipe["task_type"];

const TASKS: readonly Choice<Task>[] = TASK_TYPES.map((value) => ({ value, ...TASK_FACTS[value].choice }));

/** Answers: the recipe's keys and its file. */
export interface RecipeAnswers {
  readonly keys: Keys;
  /** Output file. */
  readonly file: string;
}

/** Output file of the recipe, if it is known, and the output for download progress. */
export interface AskOptions {
  readonly file?: string;
  readonly output: Output;
}

/**
 * Asks for whatever a recipe needs and `given` does not say. An answer that does not do is asked for again.
 * @throws {InterruptedError} when a question is left by Ctrl-C.
 */
export async function askRecipe(ask: Questions, given: Keys, { file, output }: AskOptions): Promise<RecipeAnswers> {
  const task = (given.task_type as Task) ?? (await ask.choose("What should the model learn?", TASKS));
  const model = await askModel(ask, { ...given, task_type: task }, output);
  const data = await askData(ask, given, task, output);
  const { startFrom } = await import("../library/index.ts");
  const { method: preset } = await startFrom(data.use, { ...given, ...data.keys, task_type: task });
  const methods = METHODS.filter((method) => !METHOD_RECIPES[method].needsHead || classifies(task));
  const choices = methods.map((value) => ({ value, label: value, hint: METHOD_RECIPES[value].hint }));
  const method = given.method ?? (await ask.choose("Which method?", choices, preset));
  const keys = { ...given, ...data.keys, task_type: task, model_name_or_path: model, method };
  const output_dir = given.output_dir ?? (await ask.text("Output folder?", await usualOutput(keys)));
  return { keys: { ...keys, output_dir }, file: file ?? (await ask.text("Recipe file?", RECIPE_FILE)) };
}

async function askModel(ask: Questions, given: Keys, output: Output): Promise<unknown> {
  const { lookAtModel } = await import("../library/index.ts");
  const preset = generates(String(given.task_type)) ? undefined : "embedded";
  const also = preset ? ", or embedded (a small encoder that comes with lowrank)" : "";
  return until(
    ask,
    async () => {
      const message = `Which model? A folder, a .gguf file, a Hub id${also}`;
      const model_name_or_path = given.model_name_or_path ?? (await ask.text(message, preset));
      const keys = { ...given, model_name_or_path };
      ask.say(described(await showDownloads(output, (options) => lookAtModel(keys, options))));
      return model_name_or_path;
    },
    given.model_name_or_path !== undefined,
  );
}

const described = (found: FoundModel): string =>
  found.missing === undefined ? `${found.modelType}, ${count(found.parameters)} parameters` : found.missing;

interface DataAnswers {
  readonly keys: Keys;
  readonly use: RowsUse;
}

async function askData(ask: Questions, given: Keys, task: Task, output: Output): Promise<DataAnswers> {
  const { describeRows, lookAtRows, useOf } = await import("../library/index.ts");
  return until(
    ask,
    async () => {
      const message =
        "Which data? A file, a folder with train (dev, test) files, a Hub id, or embedded (provisions of licences)";
      const dataset_name = String(given.dataset_name ?? (await ask.text(message, "embedded")));
      let source: RowsSource = { ...given, dataset_name };
      let found = await showDownloads(output, (options) => lookAtRows(source, options));
      const labelsTexts = TASK_FACTS[task].labelled === "text";
      if (labelsTexts && !found.uses.some(({ task_type }) => task_type === task) && found.columns.length > 1) {
        source = await askColumns(ask, source, found);
        found = await lookAtRows(source);
      }
      const use = useOf(found, source, task);
      ask.say(describeRows(found, use, source.dataset_train_split));
      const held = await askHoldOut(ask, found, given);
      return { keys: { ...source, ...use.keys, ...held }, use };
    },
    given.dataset_name !== undefined,
  );
}

/** Asks how many rows are held back for validation, where the data have no such split and rows enough. */
async function askHoldOut(ask: Questions, found: FoundRows, given: Keys): Promise<Keys> {
  const { usualHoldOut } = await import("../library/index.ts");
  const usual = usualHoldOut(found, given);
  if (usual === undefined) return {};
  return until(
    ask,
    async () => {
      const message = "How many percent of the rows are held back for validation? 0 for none";
      const typed = await ask.text(message, String(usual));
      const percentage = Number(typed.replace("%", ""));
      if (percentage !== 0 && !(percentage >= 1 && percentage <= 99)) {
        throw new RecipeError(`expected a number from 1 to 99, or 0, got ${typed}`);
      }
      return { validation_split_percentage: percentage === 0 ? undefined : percentage };
    },
    false,
  );
}

/** Asks for the columns of texts and labels. */
async function askColumns(ask: Questions, source: RowsSource, { columns }: FoundRows): Promise<RowsSource> {
  const choose = (message: string, taken?: string): Promise<string> =>
    ask.choose(message, columns.filter((name) => name !== taken).map((value) => ({ value, label: value }))); // biome-ignore format: one step
  const text_column = source.text_column ?? (await choose("Which column contains the text?"));
  const label_column = source.label_column ?? (await choose("Which column contains the label?", text_column));
  return { ...source, text_column, label_column };
}

async function usualOutput(keys: Keys): Promise<string> {
  const { usualOutputDir } = await import("../library/index.ts");
  return usualOutputDir(String(keys.dataset_name));
}

/** Tries until nothing is objected to; an answer that was given beforehand is not asked for again. */
async function until<T>(ask: Questions, attempt: () => Promise<T>, fixed: boolean): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const left = error instanceof LowrankError && error.code === "E_INTERRUPTED";
      if (fixed || left || !(error instanceof LowrankError)) throw error;
      ask.object(error.message);
    }
  }
}
