import { canonicalPath, checkUnlocked, exists, isFolder, parentFolder, relativePath } from "#platform";
import { RecipeError } from "../errors.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { modelFiles } from "./checkpoints/model-folder.ts";

/** Paths that a run reads and must not overwrite, by recipe key. */
export interface Inputs {
  readonly model_name_or_path: string;
  readonly adapter_name_or_path?: string | undefined;
  /** Absent when the rows are given in memory. */
  readonly dataset_name?: string | undefined;
}

/**
 * Checks that a run may write into its output folder: nothing that it reads lies there, and no other run writes there now.
 * @throws {RecipeError} naming the key whose files would be overwritten.
 * @throws {FileError} when another run holds the folder.
 */
export async function checkOutputFolder(
  { output_dir }: Pick<ResolvedRecipe, "output_dir">,
  inputs: Inputs,
): Promise<void> {
  const output = await canonicalPath(output_dir);
  for (const [key, path] of Object.entries(inputs) as [keyof Inputs, string | undefined][]) {
    if (path === undefined || !(await exists(path))) continue;
    const real = await canonicalPath(path);
    const folder = (await isFolder(real)) ? real : parentFolder(real);
    const inside = relativePath(output, folder);
    if (inside === "" || /^checkpoint-\d+([/\\]|$)/.test(inside)) {
      throw new RecipeError(`output_dir ${output_dir} contains ${NOUNS[key]}, which the run would overwrite`, {
        where: `${key}: ${path}`,
        expected: "another folder as output_dir",
        ...(key === "adapter_name_or_path" && {
          hint: "to continue an interrupted run, use resume_from_checkpoint: true instead of adapter_name_or_path.",
        }),
      });
    }
  }
  await checkUnlocked(output_dir);
}

/**
 * Refuses a run that saves no model where an earlier one would stay beside its recipe and results, and answer for it.
 * @throws {RecipeError} naming a file of the earlier model.
 */
export async function checkNothingStays({
  output_dir,
  save_strategy,
}: Pick<ResolvedRecipe, "output_dir" | "save_strategy">): Promise<void> {
  const [file] = save_strategy === "no" ? await modelFiles(output_dir) : [];
  if (file === undefined) return;
  throw new RecipeError(`output_dir ${output_dir} contains a model, and save_strategy: no would leave it there`, {
    where: `${output_dir}/${file}`,
    expected: "another folder as output_dir, or save_strategy: end, which replaces the model",
  });
}

const NOUNS: Readonly<Record<keyof Inputs, string>> = {
  model_name_or_path: "the base model",
  adapter_name_or_path: "the starting adapter",
  dataset_name: "the data set",
};
