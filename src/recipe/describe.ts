import { alternatives, type JsonSchema } from "./json-schema.ts";

/**
 * Accepted values of a key, in words, from its JSON Schema.
 *
 * @example an integer >= 1
 * @example a number >= 0 and < 1, or an integer >= 1
 * @example one of none, all, lora_only
 */
export function expectation(node: JsonSchema): string {
  return alternatives(node).map(form).join(", or ");
}

/** A given value as it is shown in a message: short, and telling `"1"` from `1`. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
}

function form(node: JsonSchema): string {
  if (node.enum) return `one of ${node.enum.join(", ")}`;
  if (node.const !== undefined) return String(node.const);
  switch (node.type) {
    case "boolean":
      return "true or false";
    case "integer":
      return `an integer${range(node)}`;
    case "number":
      return `a number${range(node)}`;
    case "string":
      return node.examples ? `text such as ${node.examples.join(", ")}` : "text";
    case "array":
      return `a ${node.minItems ? "non-empty " : ""}list, each ${expectation(node.items as JsonSchema)}`;
    default:
      return node.properties && !node.additionalProperties
        ? `a mapping with ${Object.keys(node.properties).slice(0, 5).join(", ")}`
        : `a mapping of names to ${expectation(node.additionalProperties as JsonSchema)}`;
  }
}

function range({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: JsonSchema): string {
  const parts: string[] = [];
  if (minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER) parts.push(`>= ${minimum}`);
  if (exclusiveMinimum !== undefined) parts.push(`> ${exclusiveMinimum}`);
  if (maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER) parts.push(`<= ${maximum}`);
  if (exclusiveMaximum !== undefined) parts.push(`< ${exclusiveMaximum}`);
  return parts.length > 0 ? ` ${parts.join(" and ")}` : "";
}
