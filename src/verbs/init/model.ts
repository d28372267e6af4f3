import { exists, listFolder, openFile } from "#platform";
import { openBase, prepare } from "../../assemble/prepare.ts";
import { InterruptedError, LowrankError } from "../../errors.ts";
import { isGguf } from "../../formats/gguf/model/read-gguf.ts";
import type { FollowOptions } from "../../formats/hub/download.ts";
import { type DownloadOptions, resolveModelFolder } from "../../formats/hub/resolve.ts";
import { parseRecipe } from "../../recipe/parse.ts";
import { type ResolvedRecipe, resolveRecipe } from "../../recipe/resolve.ts";

/** A base model as it was found; `missing` says why it was not. */
export type FoundModel =
  | {
      readonly modelType: string;
      readonly parameters: number;
      /** True when it is a file with weights in four-bit blocks. */
      readonly hasFourBits: boolean;
      readonly missing?: undefined;
    }
  | { readonly missing: string };

/**
 * Looks at a base model: its files' headers, no weights. It is downloaded when it is on the Hub and not here; one that cannot be
 * had is no error: it may come later.
 * @param keys Recipe keys: `model_name_or_path`, and what else is known.
 * @throws {LowrankError} when it is there and not usable, or not for this task.
 */
export async function lookAtModel(
  keys: Readonly<Record<string, unknown>>,
  options: FollowOptions = {},
): Promise<FoundModel> {
  const recipe = resolveRecipe(parseRecipe("dataset_name: none", { overrides: keys }));
  const missing = await whyMissing(recipe, { ...options, weights: !recipe.from_scratch });
  if (missing !== undefined) return { missing };
  const base = await openBase(recipe);
  prepare(recipe, base, undefined);
  const { checkpoint } = base;
  const tensors = [...checkpoint.tensors.values()];
  const sizes = tensors.map(({ shape }) => shape.reduce((product, dim) => product * dim, 1));
  const parameters = sizes.reduce((sum, size) => sum + size, 0);
  const hasFourBits = tensors.some(({ blocks }) => blocks?.format.bits === 4);
  return { modelType: String(checkpoint.config.model_type), parameters, hasFourBits };
}

async function whyMissing(recipe: ResolvedRecipe, options: DownloadOptions): Promise<string | undefined> {
  const { model_name_or_path: model, model_revision: revision } = recipe;
  try {
    if (await isGguf(model)) await (await openFile(model)).close();
    else await listFolder(await resolveModelFolder(model, revision, options));
    return undefined;
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    if (error instanceof LowrankError && !(await exists(model))) return error.message;
    throw error;
  }
}
