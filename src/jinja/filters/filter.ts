import { bound } from "../semantics/arguments.ts";
import { isLess } from "../semantics/comparison.ts";
import { subscript } from "../semantics/members.ts";
import type { Runtime } from "../semantics/runtime.ts";
import { text } from "../values/text.ts";
import { type Args, integer, isTrue, Undefined, type Value } from "../values/values.ts";

/** A filter: the result for a value. */
export type Filter = (value: Value, args: Args, runtime: Runtime) => Value;

/** A filter by its parameters, of which the first `needed` have no default. */
export const filter =
  (
    name: string,
    parameters: readonly string[],
    act: (value: Value, args: readonly (Value | undefined)[], runtime: Runtime) => Value,
    needed = 0,
  ): Filter =>
  (value, args, runtime) =>
    act(value, bound(name, args, parameters, needed), runtime);

/** A filter of a value's text, without parameters. */
export const ofText = (name: string, act: (value: string) => Value): Filter =>
  filter(name, [], (value, _, { meter }) => act(text(value, meter)));

/** An argument as a count. */
export const count = (value: Value | undefined, name: string, standard: number): number =>
  value === undefined ? standard : integer(value, name);

/** The part of an item that a filter looks at: an attribute such as `city.name` or `0`; without one, the item itself. */
export function getter(
  attribute: Value | undefined,
  runtime: Runtime,
  standard?: Value | undefined,
): (item: Value) => Value {
  if (attribute == null) return (item) => item;
  const parts: Value[] =
    typeof attribute === "string"
      ? attribute.split(".").map((part) => (/^\p{Nd}+$/u.test(part) ? BigInt(part) : part))
      : [attribute];
  return (item) => {
    let value = item;
    for (const part of parts) {
      value = subscript(value, part, runtime);
      if (standard != null && value instanceof Undefined) value = standard;
    }
    return value;
  };
}

/** A text in small letters, where a filter makes no difference of case. */
export const caseless = (isSensitive: Value | undefined): ((value: Value) => Value) =>
  isSensitive !== undefined && isTrue(isSensitive)
    ? (value) => value
    : (value) => (typeof value === "string" ? value.toLowerCase() : value);

/** Items in the order of their keys, those of equal keys as they were. */
export function sorted(items: readonly Value[], key: (item: Value) => Value, isReverse: boolean): Value[] {
  const keyed = items.map((item) => ({ item, key: key(item) }));
  const order = (a: Value, b: Value): number => (isLess(a, b) ? -1 : isLess(b, a) ? 1 : 0);
  keyed.sort((a, b) => (isReverse ? order(b.key, a.key) : order(a.key, b.key)));
  return keyed.map(({ item }) => item);
}
