import { alternatives, type JsonSchema, recipeJsonSchema } from "./json-schema.ts";

/** A recipe key as a command-line flag. */
export interface Flag {
  /** The recipe key; the flag is `--` and this. */
  readonly name: string;
  readonly description: string;
  /** The value when neither flag nor recipe gives one; undefined when it depends on other keys or is unset. */
  readonly default: unknown;
  readonly type: "boolean" | "integer" | "number" | "text" | "list" | "mapping";
  /** The only values accepted, where they can be listed. */
  readonly choices?: readonly string[];
}

/** Every recipe key as a flag, in the recipe's order. */
export function flags(): Flag[] {
  return Object.entries(recipeJsonSchema().properties ?? {}).map(([name, property]) => {
    const node = property as JsonSchema;
    const choices = node.type === "boolean" ? ["true", "false"] : node.enum?.map(String);
    return {
      name,
      description: node.description ?? "",
      default: node.default,
      type: typeOf(node),
      ...(choices && { choices }),
    };
  });
}

function typeOf(node: JsonSchema): Flag["type"] {
  const types = new Set(alternatives(node).map(({ type }) => type));
  if (types.has("array")) return "list";
  if (types.has("object")) return "mapping";
  if (types.has("string")) return "text";
  if (types.has("number")) return "number";
  return types.has("integer") ? "integer" : "boolean";
}
