import { bound } from "../semantics/arguments.ts";
import { compare } from "../semantics/comparison.ts";
import { operate } from "../semantics/operators.ts";
import type { Runtime } from "../semantics/runtime.ts";
import type { Comparison } from "../syntax/nodes.ts";
import { IS } from "../values/string-parts.ts";
import { text } from "../values/text.ts";
import {
  type Args,
  Callable,
  Dict,
  iterate,
  Markup,
  numeric,
  Range,
  Tuple,
  Undefined,
  type Value,
} from "../values/values.ts";

type Test = (value: Value, args: Args, runtime: Runtime) => boolean;

const plain = (name: string, passes: (value: Value, runtime: Runtime) => boolean): Test => {
  return (value, args, runtime) => {
    bound(name, args, []);
    return passes(value, runtime);
  };
};

const comparing =
  (operator: Comparison): Test =>
  (value, args) =>
    compare(operator, value, bound(operator, args, ["other"], 1)[0]!);

const remainder = (value: Value, by: Value, { meter }: Runtime): Value => operate("%", value, by, meter);

/** Identity: of what Python keeps once, or has no second of. */
function isSame(value: Value, other: Value): boolean {
  if (typeof value !== typeof other || value === null || other === null || typeof value === "boolean")
    return value === other;
  if (typeof value === "object") return value === other;
  throw new Error("whether two texts or numbers are the same object is not told; use ==");
}

const isSequence = (value: Value): boolean =>
  typeof value === "string" ||
  Array.isArray(value) ||
  [Tuple, Dict, Range, Markup, Undefined].some((type) => value instanceof type);

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  "==": "==",
  eq: "==",
  equalto: "==",
  "!=": "!=",
  ne: "!=",
  ">": ">",
  gt: ">",
  greaterthan: ">",
  lt: "<",
  "<": "<",
  lessthan: "<",
  ge: ">=",
  ">=": ">=",
  le: "<=",
  "<=": "<=",
};

/** The tests of `is`, by name. */
export const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ...Object.entries(COMPARISONS).map(([name, operator]) => [name, comparing(operator)] as const),
  ["in", (value, args) => compare("in", value, bound("in", args, ["seq"], 1)[0]!)],
  ["defined", plain("defined", (value) => !(value instanceof Undefined))],
  ["undefined", plain("undefined", (value) => value instanceof Undefined)],
  ["none", plain("none", (value) => value === null)],
  ["boolean", plain("boolean", (value) => typeof value === "boolean")],
  ["true", plain("true", (value) => value === true)],
  ["false", plain("false", (value) => value === false)],
  ["integer", plain("integer", (value) => typeof value === "bigint")],
  ["float", plain("float", (value) => typeof value === "number")],
  ["number", plain("number", (value) => numeric(value) !== undefined)],
  ["string", plain("string", (value) => typeof value === "string" || value instanceof Markup)],
  ["mapping", plain("mapping", (value) => value instanceof Dict)],
  ["sequence", plain("sequence", isSequence)],
  ["iterable", plain("iterable", (value) => iterate(value) !== undefined)],
  ["callable", plain("callable", (value) => value instanceof Callable || value instanceof Undefined)],
  ["escaped", plain("escaped", (value) => value instanceof Markup)],
  ["lower", plain("lower", (value, { meter }) => IS.islower!(text(value, meter)))],
  ["upper", plain("upper", (value, { meter }) => IS.isupper!(text(value, meter)))],
  ["odd", plain("odd", (value, runtime) => compare("==", remainder(value, 2n, runtime), 1n))],
  ["even", plain("even", (value, runtime) => compare("==", remainder(value, 2n, runtime), 0n))],
  [
    "divisibleby",
    (value, args, runtime) => {
      const [by] = bound("divisibleby", args, ["num"], 1);
      return compare("==", remainder(value, by!, runtime), 0n);
    },
  ],
  ["sameas", (value, args) => isSame(value, bound("sameas", args, ["other"], 1)[0]!)],
]);
