import { stringify } from "yaml";
import type { ResolvedRecipe } from "./resolve.ts";
import { RECIPE_GROUPS, type Recipe } from "./schema.ts";

/** The recipe as YAML, every key in its group; keys that are not set stand as comments. Reads back equal. */
export function recipeToYaml(recipe: Recipe | ResolvedRecipe): string {
  const values: Partial<Recipe> = recipe;
  const groups = Object.entries(RECIPE_GROUPS).map(([group, keys]) => {
    const lines = keys.map((key) =>
      values[key] === undefined
        ? `# ${key}:\n`
        : stringify({ [key]: values[key] }, { compat: "yaml-1.1", lineWidth: 0 }),
    );
    return `# ${group}\n${lines.join("")}`;
  });
  return groups.join("\n");
}
