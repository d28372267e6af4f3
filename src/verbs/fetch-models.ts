import { type DataSource, dataFolder } from "../assemble/dataset.ts";
import { isAdapter } from "../assemble/open-trained.ts";
import { recipeOfTrained } from "../assemble/recipe-of-trained.ts";
import { LowrankError } from "../errors.ts";
import { isGguf } from "../formats/gguf/model/read-gguf.ts";
import type { FollowOptions } from "../formats/hub/download.ts";
import { downloadModel, resolveModelFolder } from "../formats/hub/resolve.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";

/** Models and data that something will need; each a file, a folder, a Hub id or `embedded`. */
export interface ModelSource {
  /** Base model; default: the adapter's own. */
  readonly model?: string;
  /** Branch, tag or commit of the base model. */
  readonly revision?: string;
  /** An adapter, or a whole fine-tuned model. */
  readonly adapter?: string;
  /** Default true; false where the base starts from fresh ones. */
  readonly weights?: boolean;
  /** Keys of a recipe that name its data. */
  readonly data?: DataSource;
}

/**
 * Downloads the models and data among these that are on the Hub and not in the local cache; the others are left as they are.
 * @throws {LowrankError} as {@link downloadModel} does.
 */
export async function fetchModels(
  { model, revision, adapter, weights = true, data }: ModelSource,
  options: FollowOptions = {},
): Promise<void> {
  if (data !== undefined) await dataFolder(data, options);
  let base = { model, revision, weights };
  if (adapter !== undefined && !(await isGguf(adapter))) {
    if (!(await isAdapter(await downloadModel(adapter, options)))) return; // it takes the base's place
    const recipe = model === undefined ? await recipeBeside(adapter) : undefined;
    if (recipe) base = baseOf(recipe);
  }
  if (base.model === undefined || (await isGguf(base.model))) return;
  await resolveModelFolder(base.model, base.revision, { ...options, weights: base.weights });
}

/** Undefined where it cannot be told: whoever uses the adapter says why, in words of its own. */
async function recipeBeside(adapter: string): Promise<ResolvedRecipe | undefined> {
  try {
    return await recipeOfTrained(adapter);
  } catch (error) {
    if (error instanceof LowrankError) return undefined;
    throw error;
  }
}

const baseOf = ({ model_name_or_path: model, model_revision: revision, from_scratch }: ResolvedRecipe) => ({
  model,
  revision,
  weights: !from_scratch,
});
