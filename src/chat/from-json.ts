import { SourceNumber } from "../data/source-number.ts";
import { Callable, Dict, type Value } from "../jinja/values/values.ts";

/** A value of a data file as a template sees it. Numbers are those of the file: `1` an int of any size, `1.0` a float. */
export function fromJson(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean" || typeof value === "string" || typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
  if (value instanceof SourceNumber) return numberOf(value.source);
  if (value instanceof Callable) return value;
  if (Array.isArray(value)) return value.map(fromJson);
  return new Dict(Object.entries(value).map(([key, inner]) => [key, fromJson(inner)] as const));
}

const numberOf = (digits: string): bigint | number => (/^-?\d+$/.test(digits) ? BigInt(digits) : Number(digits));
