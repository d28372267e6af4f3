import { z } from "zod";
import { recipeSchema } from "./schema.ts";

/** A node of a JSON Schema, draft 2020-12. */
export type JsonSchema = z.core.JSONSchema.JSONSchema;

let schema: JsonSchema | undefined;

/** The recipe as JSON Schema, for editors, forms and documentation. */
export function recipeJsonSchema(): JsonSchema {
  schema ??= { title: "lowrank recipe", ...z.toJSONSchema(recipeSchema, { io: "input" }) };
  return schema;
}

/** The part of the recipe's JSON Schema that describes the value at `path`, or undefined if there is none. */
export function schemaAt(path: readonly PropertyKey[]): JsonSchema | undefined {
  let nodes = [recipeJsonSchema()];
  for (const part of path) nodes = nodes.flatMap(alternatives).flatMap((node) => childOf(node, part));
  return nodes[0];
}

/** The node itself, or each of the forms that it allows. */
export function alternatives(node: JsonSchema): JsonSchema[] {
  return node.anyOf ? node.anyOf.filter((form): form is JsonSchema => typeof form === "object") : [node];
}

function childOf(node: JsonSchema, part: PropertyKey): JsonSchema[] {
  const child = typeof part === "number" ? node.items : (node.properties?.[String(part)] ?? node.additionalProperties);
  return typeof child === "object" && !Array.isArray(child) ? [child as JsonSchema] : [];
}
