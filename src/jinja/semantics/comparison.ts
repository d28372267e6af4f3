import type { Comparison } from "../syntax/nodes.ts";
import {
  Dict,
  hashOf,
  itemsOf,
  Markup,
  numeric,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
  View,
} from "../values/values.ts";

/** Equality as Python has it: numbers by value whatever their type, lists and dicts by what is in them. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== undefined && y !== undefined) return hashOf(x) === hashOf(y);
  if (Array.isArray(a) && Array.isArray(b)) return allEqual(a, b);
  if (a instanceof Tuple && b instanceof Tuple) return allEqual(a.items, b.items);
  if (a instanceof Range && b instanceof Range) return allEqual([...itemsOf(a)], [...itemsOf(b)]);
  if (a instanceof Markup || b instanceof Markup) return textOf(a) !== undefined && textOf(a) === textOf(b);
  if (a instanceof Dict && b instanceof Dict) {
    return a.size === b.size && [...a.entries()].every(([key, value]) => b.has(key) && equal(b.get(key)!, value));
  }
  if (a instanceof View && b instanceof View) throw new Error("views of dicts cannot be compared here");
  return a instanceof Undefined && b instanceof Undefined;
}

const textOf = (value: Value): string | undefined =>
  typeof value === "string" ? value : value instanceof Markup ? value.text : undefined;

const allEqual = (a: readonly Value[], b: readonly Value[]): boolean =>
  a.length === b.length && a.every((item, i) => equal(item, b[i]!));

/** True when `a < b`. @throws when Python has no order for the two. */
export function isLess(a: Value, b: Value, sign = "<"): boolean {
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== undefined && y !== undefined) return x < y;
  if (typeof a === "string" && typeof b === "string") return isTextLess(a, b);
  const lists = Array.isArray(a) && Array.isArray(b) ? [a, b] : bothTuples(a, b);
  if (lists !== undefined) {
    const [left, right] = lists as [readonly Value[], readonly Value[]];
    const i = left.findIndex((item, i) => i >= right.length || !equal(item, right[i]!));
    return i === -1 ? left.length < right.length : i < right.length && isLess(left[i]!, right[i]!, sign);
  }
  for (const value of [a, b]) if (value instanceof Undefined) value.fail();
  throw new Error(`'${sign}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

const bothTuples = (a: Value, b: Value) => (a instanceof Tuple && b instanceof Tuple ? [a.items, b.items] : undefined);

/** By code points, which JavaScript's `<` does not go by. */
function isTextLess(a: string, b: string): boolean {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  if (i === a.length || i === b.length) return a.length < b.length;
  const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
  return isSurrogate(x) === isSurrogate(y) ? x < y : isSurrogate(y);
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit < 0xe000;

/** True when a collection has an item, a dict a key, a text another text. */
export function contains(collection: Value, item: Value): boolean {
  const text = textOf(collection);
  if (text !== undefined) {
    const part = textOf(item);
    if (part === undefined) throw new Error(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    return text.includes(part);
  }
  if (collection instanceof Dict) return collection.has(item);
  for (const other of itemsOf(collection)) if (equal(other, item)) return true;
  return false;
}

const hasNaN = (a: Value, b: Value): boolean => Number.isNaN(a) || Number.isNaN(b);

/** The result of a comparison. */
export function compare(operator: Comparison, a: Value, b: Value): boolean {
  switch (operator) {
    case "==":
      return equal(a, b);
    case "!=":
      return !equal(a, b);
    case "in":
      return contains(b, a);
    case "not in":
      return !contains(b, a);
    case "<":
      return isLess(a, b, operator);
    case ">":
      return isLess(b, a, operator);
    case "<=":
      return !isLess(b, a, operator) && !hasNaN(a, b);
    case ">=":
      return !isLess(a, b, operator) && !hasNaN(a, b);
  }
}
