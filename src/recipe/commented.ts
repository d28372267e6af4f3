import { stringify } from "yaml";
import { type Flag, flags } from "./flags.ts";
import { RECIPE_GROUPS, type Recipe } from "./schema.ts";

/** Column at which comments stand where the value leaves room, and the longest line with a comment at its end. */
const [COMMENT, LONGEST] = [34, 120];

/**
 * Some keys of a recipe as YAML, in its groups, each with what the schema says of it. Reads back equal.
 * @param keys The keys to write; those that hold nothing are left out.
 */
export function commentedYaml(recipe: Recipe, keys: ReadonlySet<string>): string {
  const known = new Map(flags().map((flag) => [flag.name, flag]));
  const groups = Object.entries(RECIPE_GROUPS).flatMap(([group, members]) => {
    const lines = members
      .filter((key) => keys.has(key) && recipe[key] !== undefined)
      .map((key) => commented(key, recipe[key], known.get(key)));
    return lines.length > 0 ? [`# ${group}\n${lines.join("")}`] : [];
  });
  return groups.join("\n");
}

function commented(key: string, value: unknown, flag?: Flag): string {
  const yaml = stringify({ [key]: value }, { compat: "yaml-1.1", lineWidth: 0 });
  const choices = flag?.choices && flag.type !== "boolean" ? ` (${flag.choices.join(", ")})` : "";
  const comment = `# ${flag?.description}${choices}\n`;
  const line = `${yaml.trimEnd().padEnd(COMMENT)} ${comment}`;
  return yaml.trimEnd().includes("\n") || line.length > LONGEST ? comment + yaml : line;
}
