import { exists, makeFolder, ownPath, writeTextAtomic } from "#platform";
import { readData } from "../../assemble/data.ts";
import { FileError, RecipeError } from "../../errors.ts";
import type { FollowOptions } from "../../formats/hub/download.ts";
import { METHOD_KEYS } from "../../methods/keys/index.ts";
import { PROGRAM } from "../../program.ts";
import { gguf } from "../../quant/schemes/gguf.ts";
import { commentedYaml } from "../../recipe/commented.ts";
import { underRecipeNames } from "../../recipe/other-names.ts";
import { parseRecipe } from "../../recipe/parse.ts";
import { resolveRecipe, settle } from "../../recipe/resolve.ts";
import type { Recipe } from "../../recipe/schema.ts";
import { rememberUserSetKeys, userSetKeys } from "../../recipe/user-set-keys.ts";
import { withoutEffect } from "../../recipe/without-effect.ts";
import { checkJob } from "../../training/checked.ts";
import { jobOfRecipe } from "../job-of.ts";
import { readRecipe } from "../read-recipe.ts";
import { type FoundModel, lookAtModel } from "./model.ts";
import { describeRows, lookAtRows, type RowsSource, type RowsUse, useOf, usualHoldOut } from "./rows.ts";

/** Recipe keys as someone chose them; those of a command line may be texts. */
export type ChosenKeys = Readonly<Record<string, unknown>>;

/** A recipe that is ready to be written. */
export interface RecipeDraft {
  readonly recipe: Recipe;
  /** The file's text: every key with what it means. */
  readonly yaml: string;
  /** Description of the data, in a sentence. */
  readonly found: string;
  /** True when a file of that name is there already. */
  readonly exists: boolean;
  /** Notes on the recipe: a model that is not there yet, labels that may be values, a key without effect. */
  readonly notes: readonly string[];
}

/**
 * Makes a recipe of a model, data and whatever else is chosen. The rows say which of the library's own recipes it starts
 * from, and which columns are read. What would be written is read again and checked as a run would check it, without
 * reading weights; a model of the Hub is downloaded for that, and one that cannot be had is left unchecked. Rows are held back
 * for validation where nothing else scores a run, unless `validation_split_percentage` is given, be it undefined. Writes nothing else.
 *
 * @param file The name it will have, for its head and for messages.
 * @throws {LowrankError} when the keys, the data or the model are not usable.
 */
export async function draftRecipe(file: string, given: ChosenKeys, options: FollowOptions = {}): Promise<RecipeDraft> {
  const source = sourceOf(given);
  const rows = await lookAtRows(source, options);
  const held = usualHoldOut(rows, given) || undefined;
  const chosen: ChosenKeys = {
    ...given,
    ...(rows.delimiter !== undefined && { delimiter: rows.delimiter }),
    ...(held !== undefined && { validation_split_percentage: held }),
  };
  const use = useOf(rows, source, chosen.task_type === undefined ? undefined : String(chosen.task_type));
  const keys = { output_dir: usualOutputDir(source.dataset_name), ...chosen };
  const usual = await startFrom(use, keys);
  const model = await lookAtModel({ ...chosen, task_type: usual.task_type, method: usual.method }, options);
  const started = keepsBlocks(usual, model) ? await startFrom(use, { bnb_4bit_quant_type: gguf.name, ...keys }) : usual;
  const yaml = `${headOf(file, use, started)}\n${commentedYaml(started, keysToWrite(started, chosen))}`;

  const recipe = parseRecipe(yaml, { file });
  const notes = model.missing === undefined ? (await checkJob(jobOfRecipe(recipe))).warnings : [model.missing];
  if (model.missing !== undefined) await readData(resolveRecipe(recipe));
  const found = describeRows(rows, use, source.dataset_train_split);
  return { recipe, yaml, found, notes: [...notes, ...withoutEffect(recipe)], exists: await exists(file) };
}

/**
 * Writes a drafted recipe.
 * @throws {FileError} when the file is there already, and is not to be overwritten; nothing is written then.
 */
export async function writeDraft(file: string, { yaml }: Pick<RecipeDraft, "yaml">, overwrite = false): Promise<void> {
  if (!overwrite && (await exists(file))) {
    throw new FileError(`${file} already exists; nothing was written`, {
      expected: "another name: --output FILE",
      hint: "--force overwrites it.",
    });
  }
  const folder = file.replace(/[^/\\]*$/, "");
  if (folder !== "") await makeFolder(folder);
  await writeTextAtomic(file, yaml);
}

/** The recipe that comes with the library for such rows. */
export const startFrom = async ({ start, task_type, keys }: RowsUse, chosen: ChosenKeys = {}): Promise<Recipe> =>
  forMethod(await readRecipe(ownPath(`recipes/${start}`), { task_type, ...keys, ...chosen }));

/** True when the file's four-bit blocks are best kept, because quantizing again would round a second time. */
const keepsBlocks = (recipe: Recipe, model: FoundModel): boolean =>
  model.missing === undefined && model.hasFourBits && settle(recipe, recipe.method).load_in_4bit;

/** `method_overrides` of the method in force are its own keys; where there were some, the others' no longer fit. */
function forMethod(recipe: Recipe): Recipe {
  const { method_overrides = {}, ...rest } = recipe;
  const own = method_overrides[recipe.method];
  return own ? rememberUserSetKeys({ ...rest, ...own } as Recipe, userSetKeys(recipe)) : recipe;
}

/** Keys of the starting recipe and of the choices, without those of other methods. */
function keysToWrite(recipe: Recipe, chosen: ChosenKeys): Set<string> {
  const foreign = METHOD_KEYS.filter(({ methods }) => !methods.includes(recipe.method)).flatMap(({ keys }) => keys);
  const own = [...userSetKeys(recipe)].filter((key) => !(foreign as readonly string[]).includes(key));
  return new Set([...own, ...Object.keys(chosen)]);
}

const DATA_KEYS = ["dataset_config", "delimiter", "dataset_train_split", "text_column", "label_column"] as const;

function sourceOf(chosen: ChosenKeys): RowsSource {
  const { dataset_name, ...rest } = underRecipeNames(chosen).keys;
  const missing = ["dataset_name", "model_name_or_path"].filter(
    (key) => ({ dataset_name, ...rest })[key] === undefined,
  );
  if (missing.length > 0) throw new RecipeError(`a recipe needs ${missing.join(" and ")}`);
  const given = DATA_KEYS.filter((key) => rest[key] !== undefined).map((key) => [key, String(rest[key])]);
  return { dataset_name: String(dataset_name), ...Object.fromEntries(given) };
}

/** The folder that a run on some data writes unless told otherwise: `out/` and the name of the data. */
export const usualOutputDir = (dataset: string): string =>
  `out/${/([^/\\.]+)[^/\\]*[/\\]*$/.exec(dataset)?.[1] ?? "recipe"}`;

function headOf(file: string, { about, start }: RowsUse, { method }: Recipe): string {
  const commands = {
    [`plan ${file}`]: "time, memory and disk, without training",
    [`inspect ${file} --data`]: "the modules that would train, and rows as the model sees them",
    [`train ${file}`]: "a flag such as --learning_rate 5e-4 overrides this file",
  };
  const width = Math.max(...Object.keys(commands).map((command) => command.length));
  const lines = Object.entries(commands).map(
    ([command, says]) => `#   ${PROGRAM} ${command.padEnd(width)}   ${says}\n`,
  );
  return `# ${about[0]?.toUpperCase()}${about.slice(1)}, method ${method}. Written by init from lowrank's recipe ${start}.
#
${lines.join("")}#
# ${PROGRAM} train --help lists every key with its default.
`;
}
