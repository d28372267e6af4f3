import { exists, readText } from "#platform";
import { AdapterError } from "../errors.ts";
import { isGguf } from "../formats/gguf/model/read-gguf.ts";
import { resolveModelFolder } from "../formats/hub/resolve.ts";
import { readConfig } from "../formats/transformers/config.ts";
import { openAdapter } from "../methods/open-adapter.ts";
import { RECIPE_FILE } from "../recipe/file-name.ts";
import { parseRecipe } from "../recipe/parse.ts";
import { type ResolvedRecipe, resolveRecipe } from "../recipe/resolve.ts";
import { causalLm, DEFAULT_TASK, TASK_TYPES, type TaskType, taskOfClass } from "../task-types/index.ts";
import { isAdapter } from "./open-trained.ts";

/** Stands for the base model of an adapter that names none. */
const UNKNOWN = "unknown";

/**
 * The recipe that lies with an adapter or a whole model, else what its configuration says.
 *
 * @param trained Folder or Hub id of an adapter or model.
 * @param base The base model to use instead of the adapter's own.
 * @throws {AdapterError} when neither names a base model.
 */
export async function recipeOfTrained(trained: string, base?: string): Promise<ResolvedRecipe> {
  if (await isGguf(trained)) return readKeys({ ...keysOfWhole(trained), task_type: causalLm.name }, trained);
  const folder = await resolveModelFolder(trained);
  const file = `${folder}/${RECIPE_FILE}`;
  const { chat_template: _, ...recipe } = (await exists(file)) // it lies beside them
    ? resolveRecipe(parseRecipe(await readText(file), { file }))
    : await recipeOf(folder);
  if (base === undefined && recipe.model_name_or_path === UNKNOWN) {
    throw new AdapterError("the adapter's config names no base model", {
      where: `${folder}/adapter_config.json`,
      expected: "--model_name_or_path MODEL, or `model` beside `adapter`",
    });
  }
  const whole = !(await isAdapter(folder)) && { from_scratch: false }; // its weights are there now
  return { ...recipe, ...whole, ...(base !== undefined && { model_name_or_path: base }) };
}

async function recipeOf(folder: string): Promise<ResolvedRecipe> {
  return readKeys((await isAdapter(folder)) ? await keysOfAdapter(folder) : await keysOfModel(folder), folder);
}

const readKeys = (keys: Record<string, unknown>, file: string): ResolvedRecipe =>
  resolveRecipe(parseRecipe("dataset_name: none", { file, overrides: keys }));

const keysOfWhole = (model: string) => ({ model_name_or_path: model, method: "full" });

async function keysOfAdapter(folder: string): Promise<Record<string, unknown>> {
  const { baseModel, taskType: task_type } = await openAdapter(folder);
  return { model_name_or_path: baseModel ?? UNKNOWN, ...(task_type !== undefined && { task_type }) };
}

async function keysOfModel(folder: string): Promise<Record<string, unknown>> {
  const { architectures } = await readConfig(folder);
  return { ...keysOfWhole(folder), task_type: taskOfClass(String(architectures)) ?? DEFAULT_TASK };
}

/** The task that an adapter or a whole model says it was trained for. */
export interface TrainedTask {
  /** Absent when its files do not say, or name one of other libraries. */
  readonly task?: TaskType | undefined;
  readonly isAdapter: boolean;
}

/** Reads the task of an adapter or a whole model from its own files. @throws {LowrankError} when they are missing or malformed. */
export async function taskOfTrained(trained: string): Promise<TrainedTask> {
  if (await isGguf(trained)) return { task: causalLm.name, isAdapter: false };
  const folder = await resolveModelFolder(trained);
  if (!(await isAdapter(folder))) {
    const { architectures } = await readConfig(folder);
    return { task: taskOfClass(String(architectures)), isAdapter: false };
  }
  const { taskType } = await openAdapter(folder);
  return { task: TASK_TYPES.find((task) => task === taskType), isAdapter: true };
}
