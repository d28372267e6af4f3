/**
 * Values of a chat template, as Python has them: `bigint` is an int, `number` a float, an array a list. What Python
 * keeps apart and JavaScript does not has a class here.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | readonly Value[]
  | Tuple
  | Dict
  | Undefined
  | Namespace
  | Range
  | View
  | Lazy
  | Markup
  | Callable
  | HostObject;

/** Arguments of a call: by position and by name. */
export interface Args {
  readonly list: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** An immutable list. The items of `groupby` have names as well. */
export class Tuple {
  readonly items: readonly Value[];
  readonly names: readonly string[];

  constructor(items: readonly Value[], names: readonly string[] = []) {
    this.items = items;
    this.names = names;
  }
}

/** A name or an attribute that does not exist: empty as text, an error in any computation. */
export class Undefined {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }

  fail(): never {
    throw new Error(this.message);
  }
}

/** A dict, in the order of its keys' first use. `1`, `1.0` and `True` are one key. */
export class Dict {
  private readonly map = new Map<unknown, readonly [Value, Value]>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  /** Only while a dict is made: no template can change one. */
  private set(key: Value, value: Value): void {
    const hash = hashOf(key);
    this.map.set(hash, [this.map.get(hash)?.[0] ?? key, value]);
  }

  get size(): number {
    return this.map.size;
  }

  get(key: Value): Value | undefined {
    return this.map.get(hashOf(key))?.[1];
  }

  has(key: Value): boolean {
    return this.map.has(hashOf(key));
  }

  entries(): IterableIterator<readonly [Value, Value]> {
    return this.map.values();
  }
}

/** The result of `namespace()`: the one thing whose attributes a template can set. */
export class Namespace {
  readonly attributes = new Map<string, Value>();
}

/** Whole numbers from `start` to before `stop`. */
export class Range {
  readonly start: number;
  readonly step: number;
  readonly length: number;

  constructor(start: number, step: number, length: number) {
    this.start = start;
    this.step = step;
    this.length = length;
  }

  at(i: number): bigint {
    return BigInt(this.start + i * this.step);
  }
}

/** The result of `keys()`, `values()` and `items()` of a dict. */
export class View {
  readonly dict: Dict;
  readonly kind: "keys" | "values" | "items";

  constructor(dict: Dict, kind: View["kind"]) {
    this.dict = dict;
    this.kind = kind;
  }

  *items(): Generator<Value> {
    for (const [key, value] of this.dict.entries()) {
      yield this.kind === "keys" ? key : this.kind === "values" ? value : new Tuple([key, value]);
    }
  }
}

/** Items that are computed when they are asked for, and can be walked once: a generator of Python. */
export class Lazy {
  readonly iterator: Iterator<Value>;

  constructor(iterable: Iterable<Value>) {
    this.iterator = iterable[Symbol.iterator]();
  }
}

/** Text that is marked as safe or was escaped. Computations with it escape the other operand, so they are refused. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A function, a method or a macro. */
export class Callable {
  readonly name: string;
  readonly call: (args: Args) => Value;

  constructor(name: string, call: (args: Args) => Value) {
    this.name = name;
    this.call = call;
  }
}

/** An object with attributes and nothing else, such as `loop`. */
export abstract class HostObject {
  abstract attribute(name: string): Value | undefined;
}

/** The identity of a key: equal keys have the same. */
export function hashOf(key: Value): unknown {
  if (typeof key === "string" || typeof key === "bigint" || key === null) return key;
  if (typeof key === "boolean") return BigInt(key);
  if (typeof key === "number") return Number.isInteger(key) ? BigInt(key) : key;
  if (key instanceof Markup) return key.text;
  if (key instanceof Tuple) return `\0(${key.items.map((item) => `${typeof hashOf(item)} ${String(hashOf(item))}`)})`;
  if (Array.isArray(key) || key instanceof Dict) throw new Error(`unhashable type: '${typeName(key)}'`);
  return key;
}

/** A type by its name in Python, for error messages. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "float";
  if (typeof value === "string") return "str";
  if (Array.isArray(value)) return "list";
  if (value instanceof View) return `dict_${value.kind}`;
  if (value instanceof Callable) return "function";
  if (value instanceof Lazy) return "generator";
  const name = value.constructor.name;
  return value instanceof Tuple || value instanceof Dict || value instanceof Range ? name.toLowerCase() : name;
}

/** A value, or another where there is none; unlike `??`, it leaves None alone. */
export const orElse = <T extends Value>(value: T | undefined, other: T): T => (value === undefined ? other : value);

/** Truth as Python has it: empty things are false. */
export function isTrue(value: Value): boolean {
  if (value === null || value instanceof Undefined) return false;
  if (typeof value === "object" && !(value instanceof Lazy)) return (lengthOf(value) ?? 1) > 0;
  return Boolean(value);
}

/** The number of items, or of a text's code points; `undefined` where Python has no length. */
export function lengthOf(value: Value): number | undefined {
  if (typeof value === "string") return codePoints(value);
  if (Array.isArray(value)) return value.length;
  if (value instanceof Markup) return codePoints(value.text);
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof View) return value.dict.size;
  if (value instanceof Range) return value.length;
  return value instanceof Undefined ? 0 : undefined;
}

/** The items of a value that can be walked; `undefined` of any other. */
export function iterate(value: Value): Iterable<Value> | undefined {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value as readonly Value[];
  if (value instanceof Markup) return value.text;
  if (value instanceof Tuple) return value.items;
  if (value instanceof Dict) return new View(value, "keys").items();
  if (value instanceof View) return value.items();
  if (value instanceof Undefined) return [];
  if (value instanceof Lazy) return { [Symbol.iterator]: () => value.iterator };
  return value instanceof Range ? rangeItems(value) : undefined;
}

function* rangeItems(range: Range): Generator<bigint> {
  for (let i = 0; i < range.length; i++) yield range.at(i);
}

/** The items of a value. @throws as Python does when it has none. */
export function itemsOf(value: Value): Iterable<Value> {
  const items = iterate(value);
  if (items === undefined) throw new Error(`'${typeName(value)}' object is not iterable`);
  return items;
}

const SURROGATES = /[\ud800-\udbff][\udc00-\udfff]/g;

/** The number of code points of a text, which is its length in Python. */
export const codePoints = (text: string): number => text.length - (text.match(SURROGATES)?.length ?? 0);

/** A text as code points, for indexing. */
export const characters = (text: string): string | readonly string[] =>
  text.search(SURROGATES) < 0 ? text : Array.from(text);

/** An operand as a number; `True` is 1. `undefined` for what is none. */
export function numeric(value: Value): bigint | number | undefined {
  if (typeof value === "boolean") return BigInt(value);
  return typeof value === "bigint" || typeof value === "number" ? value : undefined;
}

/** An argument that must be an int, within what counts and indexes can be. */
export function integer(value: Value, name: string): number {
  const number = numeric(value);
  if (typeof number !== "bigint") throw new Error(`${name} must be an integer, not ${typeName(value)}`);
  return Number(number);
}

/** An argument that must be a text. */
export function string(value: Value, name: string): string {
  if (typeof value === "string") return value;
  throw new Error(`${name} must be str, not ${typeName(value)}`);
}
