import { RecipeError } from "../../errors.ts";
import type { ResolvedRecipe } from "../../recipe/resolve.ts";

/** Recipe keys of which not every value can be run yet, and the values that can. */
const SUPPORTED: { readonly [Key in keyof ResolvedRecipe]?: readonly ResolvedRecipe[Key][] } = {
  task_type: ["SEQ_CLS", "TOKEN_CLS"],
  dtype: ["float32"],
  device: ["auto", "cpu"],
  from_scratch: [false],
  report_to: ["none"],
};

/** Refuses what a recipe may say but this version cannot do, rather than do something else. @throws {RecipeError} */
export function refuseUnsupported(recipe: ResolvedRecipe): void {
  for (const [key, values] of Object.entries(SUPPORTED)) {
    const given = recipe[key as keyof ResolvedRecipe];
    if ((values as readonly unknown[]).includes(given)) continue;
    throw new RecipeError(`${key}: ${given} is not supported yet.`, { where: key, expected: values.join(" or ") });
  }
  for (const key of ["model_name_or_path", "dataset_name"] as const) {
    if (recipe[key] !== "embedded" && !recipe[key].endsWith(".gguf")) continue;
    throw new RecipeError(`${key}: ${recipe[key]} is not supported yet.`, {
      where: key,
      expected: key === "dataset_name" ? "a file or folder" : "a folder with config.json and safetensors",
    });
  }
}
