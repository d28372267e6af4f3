import {
  type Args,
  Callable,
  characters,
  Dict,
  HostObject,
  hashOf,
  lengthOf,
  Markup,
  Namespace,
  numeric,
  orElse,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
  View,
} from "../values/values.ts";
import { bound } from "./arguments.ts";
import { equal } from "./comparison.ts";
import type { Runtime } from "./runtime.ts";
import { STRING_METHODS } from "./string-methods.ts";

type Method = (value: Value, args: Args, runtime: Runtime) => Value;

const view =
  (kind: View["kind"]): Method =>
  (dict, args) => {
    bound(kind, args, []);
    return new View(dict as Dict, kind);
  };

const DICT_METHODS: Readonly<Record<string, Method>> = {
  get(dict, args) {
    const [key, standard = null] = bound("get", args, ["key", "default"], 1);
    return orElse((dict as Dict).get(key!), standard);
  },
  keys: view("keys"),
  values: view("values"),
  items: view("items"),
  copy(dict, args) {
    bound("copy", args, []);
    return new Dict((dict as Dict).entries());
  },
};

const listOf = (value: Value): readonly Value[] => (value instanceof Tuple ? value.items : (value as readonly Value[]));

const LIST_METHODS: Readonly<Record<string, Method>> = {
  count(list, args) {
    const [wanted] = bound("count", args, ["value"], 1);
    return BigInt(listOf(list).filter((item) => equal(item, wanted!)).length);
  },
  index(list, args) {
    const [wanted] = bound("index", args, ["value"], 1);
    const i = listOf(list).findIndex((item) => equal(item, wanted!));
    if (i < 0) throw new Error("the value is not in the list");
    return BigInt(i);
  },
};

/** Attributes that Python's types have besides, so that nobody takes them for missing. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  str: "casefold encode expandtabs format_map isidentifier isnumeric isprintable istitle maketrans translate",
  dict: "clear fromkeys pop popitem setdefault update",
  list: "append clear copy extend insert pop remove reverse sort",
  int: "as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag numerator real to_bytes",
  float: "as_integer_ratio conjugate fromhex hex imag is_integer real",
  range: "count index start step stop",
  dict_keys: "isdisjoint mapping",
  dict_values: "mapping",
  dict_items: "isdisjoint mapping",
  generator: "close gi_code gi_frame gi_running gi_suspended gi_yieldfrom send throw",
};

function methodOf(value: Value, name: string): Method | undefined {
  if (typeof value === "string") return STRING_METHODS.get(name) as Method | undefined;
  const table =
    value instanceof Dict ? DICT_METHODS : Array.isArray(value) || value instanceof Tuple ? LIST_METHODS : {};
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** An attribute proper, which a key of the same name does not hide. */
function own(value: Value, name: string, runtime: Runtime): Value | undefined {
  if (value instanceof Undefined) value.fail();
  if (value instanceof Namespace) return value.attributes.get(name);
  if (value instanceof HostObject) return value.attribute(name);
  if (value instanceof Markup) throw new Error(`'${name}' of a text that is marked as safe is not supported`);
  const act = methodOf(value, name);
  const type = typeName(value);
  if (act !== undefined) return new Callable(name, (args) => act(value, args, runtime));
  if (value instanceof Tuple && value.names.includes(name)) return value.items[value.names.indexOf(name)];
  if (value instanceof Callable && ["name", "arguments", "caller", "catch_kwargs"].includes(name)) {
    throw new Error(`'${name}' of a function is not supported`);
  }
  const others = type === "bool" ? UNSUPPORTED.int : UNSUPPORTED[type];
  if (others?.split(" ").includes(name) || /^__\w+__$/.test(name)) {
    throw new Error(`'${name}' of a value of the type ${type} is not for templates, or not supported`);
  }
  return undefined;
}

/** `value.name`: an attribute, else the item of that key. */
export function attribute(value: Value, name: string, runtime: Runtime): Value {
  const found = own(value, name, runtime);
  return orElse(found === undefined ? item(value, name) : found, missing(value, name));
}

/** `value[key]`: the item, else the attribute of that name. */
export function subscript(value: Value, key: Value, runtime: Runtime): Value {
  if (value instanceof Undefined) value.fail();
  const found = item(value, key);
  const isName = found === undefined && typeof key === "string";
  return orElse(isName ? own(value, key, runtime) : found, missing(value, key));
}

function missing(value: Value, key: Value): Undefined {
  const name = typeof key === "string" ? `attribute '${key}'` : "such an item";
  return new Undefined(value === null ? `None has no ${name}` : `'${typeName(value)} object' has no ${name}`);
}

function item(value: Value, key: Value): Value | undefined {
  if (value instanceof Dict) return isHashable(key) ? value.get(key) : undefined;
  const i = numeric(key);
  if (typeof i !== "bigint") return undefined;
  const length = lengthOf(value);
  if (length === undefined || value instanceof View) return undefined;
  const place = Number(i < 0n ? i + BigInt(length) : i);
  if (place < 0 || place >= length) return undefined;
  if (value instanceof Range) return value.at(place);
  if (typeof value === "string") return characters(value)[place];
  return value instanceof Markup ? new Markup(characters(value.text)[place]!) : listOf(value)[place];
}

function isHashable(key: Value): boolean {
  try {
    hashOf(key);
    return true;
  } catch {
    return false;
  }
}

/** `value[start:stop:step]`. */
export function slice(value: Value, borders: readonly (Value | undefined)[]): Value {
  if (value instanceof Undefined) value.fail();
  const isText = typeof value === "string";
  if (!isText && !Array.isArray(value) && !(value instanceof Tuple)) {
    throw new Error(`a slice of a value of the type ${typeName(value)} is not possible`);
  }
  const [start, stop, step = 1] = borders.map((border) => {
    if (border == null) return undefined;
    const number = numeric(border);
    if (typeof number !== "bigint") throw new Error("slice indices must be integers or None");
    return Number(number);
  });
  if (step === 0) throw new Error("slice step cannot be zero");
  const items: ArrayLike<Value> = isText ? characters(value) : listOf(value);
  const picked: Value[] = [];
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? items.length : items.length - 1;
  const within = (i: number): number => Math.max(low, Math.min(high, i < 0 ? i + items.length : i));
  const from = start === undefined ? (step > 0 ? low : high) : within(start);
  const to = stop === undefined ? (step > 0 ? high : low) : within(stop);
  if (isText && step === 1 && typeof items === "string") return items.slice(from, Math.max(from, to));
  for (let i = from; step > 0 ? i < to : i > to; i += step) picked.push(items[i]!);
  if (isText) return picked.join("");
  return value instanceof Tuple ? new Tuple(picked) : picked;
}
