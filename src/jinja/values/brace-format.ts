import { formatted } from "./format-spec.ts";
import type { Meter } from "./meter.ts";
import { repr, text } from "./text.ts";
import { type Args, numeric, typeName, type Value } from "./values.ts";

/** Look-up by `format` in a value: the attribute or the item of a name. */
export type Lookup = (value: Value, key: Value, isAttribute: boolean) => Value;

const FIELD = /\{\{|\}\}|\{([^{}!:.[]*)((?:\.[^{}!:.[]+|\[[^\]]+\])*)(?:!([rsa]))?(?::([^{}]*))?\}|[{}]/g;

/** A text with its `{}` fields filled in: Python's `str.format`. Fields within fields are refused. */
export function braceFormat(format: string, { list, named }: Args, lookup: Lookup, meter: Meter): string {
  const parts: string[] = [];
  let end = 0;
  let position = 0;
  for (const match of format.matchAll(FIELD)) {
    const [whole, name = "", path = "", conversion, spec = ""] = match;
    parts.push(format.slice(end, match.index));
    end = match.index + whole.length;
    if (whole.length === 1)
      throw new Error(`a '${whole}' of the format string '${format.slice(0, 60)}' is not supported`);
    if (whole === "{{" || whole === "}}") {
      parts.push(whole[0]!);
      continue;
    }
    const isNumber = /^\d*$/.test(name);
    const place = name === "" ? position++ : Number(name);
    let value = isNumber ? list[place] : named.get(name);
    if (value === undefined) throw new Error(`the format string has a field '${name}' and no argument for it`);
    for (const [, attribute, item] of path.matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)) {
      const key = attribute ?? (/^\d+$/.test(item!) ? BigInt(item!) : item!);
      value = lookup(value, key, attribute !== undefined);
    }
    if (conversion === "a") throw new Error("the conversion !a is not supported");
    if (conversion !== undefined) value = conversion === "r" ? repr(value, meter) : text(value, meter);
    parts.push(byType(value, spec, meter));
  }
  return meter.join([...parts, format.slice(end)]);
}

function byType(value: Value, spec: string, meter: Meter): string {
  if (typeof value === "string") return formatted(value, spec, meter);
  if (spec === "") return text(value, meter);
  const number = numeric(value);
  if (number === undefined || typeof value === "boolean") {
    throw new Error(`a format specifier for a value of the type ${typeName(value)} is not supported`);
  }
  return formatted(number, spec, meter);
}
