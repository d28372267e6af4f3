import { floatText } from "./floats.ts";
import type { Meter } from "./meter.ts";
import {
  Callable,
  Dict,
  type HostObject,
  Lazy,
  Markup,
  Namespace,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
  View,
} from "./values.ts";

/** A value as a template prints it: Python's `str`. */
export function text(value: Value, meter: Meter): string {
  if (typeof value === "string") return value;
  if (value instanceof Markup) return value.text;
  return value instanceof Undefined ? "" : repr(value, meter);
}

/** A value as it stands within a printed list: Python's `repr`. */
export function repr(value: Value, meter: Meter): string {
  meter.step();
  const all = (items: readonly Value[]): string =>
    meter.join(
      items.map((item) => repr(item, meter)),
      ", ",
    );
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "bigint") return meter.digits(value);
  if (typeof value === "number") return floatText(value);
  if (typeof value === "string") return quoted(value, meter);
  if (isList(value)) return `[${all(value)}]`;
  if (value instanceof Tuple) return value.items.length === 1 ? `(${all(value.items)},)` : `(${all(value.items)})`;
  if (value instanceof Dict) return `{${pairs(value.entries(), meter)}}`;
  if (value instanceof View) return `dict_${value.kind}([${all([...value.items()])}])`;
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Markup) return `Markup(${quoted(value.text, meter)})`;
  if (value instanceof Namespace) return `<Namespace {${pairs(value.attributes, meter)}}>`;
  if (value instanceof Range) {
    const { start, step, length } = value;
    return `range(${start}, ${start + step * length}${step === 1 ? "" : `, ${step}`})`;
  }
  return unprintable(value);
}

/** Python writes an address for these, another one in every run. */
function unprintable(value: Callable | Lazy | HostObject): never {
  const name = value instanceof Callable ? `the function ${value.name}` : `a ${typeName(value)}`;
  const hint = value instanceof Lazy ? "; pass it to list or join" : value instanceof Callable ? "; call it" : "";
  throw new Error(`${name} cannot be printed${hint}`);
}

const pairs = (entries: Iterable<readonly [Value, Value]>, meter: Meter): string =>
  meter.join(
    Array.from(entries, ([key, value]) => `${repr(key, meter)}: ${repr(value, meter)}`),
    ", ",
  );

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

/** A text in quotes, what cannot be seen as escapes. */
function quoted(text: string, meter: Meter): string {
  meter.text(text.length);
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = text.replace(/[\\'"]|(?! )[\p{C}\p{Z}]/gu, (character) => {
    if (character === "'" || character === '"') return character === quote ? `\\${quote}` : character;
    return SHORT[character] ?? escaped(character.codePointAt(0)!);
  });
  return `${quote}${inner}${quote}`;
}

function escaped(code: number): string {
  const hex = code.toString(16);
  if (code < 256) return `\\x${hex.padStart(2, "0")}`;
  return code < 65_536 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
