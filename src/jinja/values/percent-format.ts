import { floatBy, integerBy, padded, precision } from "./format-spec.ts";
import type { Meter } from "./meter.ts";
import { repr, text } from "./text.ts";
import { Dict, integer, numeric, Range, Tuple, typeName, type Value } from "./values.ts";

const FIELD = /%(?:\(([^)]*)\))?([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?(.)/gsu;

/** A text with its `%` fields filled in, as C's printf and Python's `%` do. */
export function percentFormat(format: string, value: Value, meter: Meter): string {
  const values = value instanceof Tuple ? value.items : [value];
  const dict = value instanceof Dict ? value : undefined;
  let used = 0;
  const next = (): Value => {
    const item = values[used++];
    if (item === undefined) throw new Error("not enough arguments for format string");
    return item;
  };
  const size = (part: string | undefined): number | undefined => {
    return part === "*" ? integer(next(), "a width") : part === undefined ? undefined : Number(part);
  };
  const parts: string[] = [];
  let end = 0;
  for (const match of format.matchAll(FIELD)) {
    const [whole, key, flags = "", width, digits, letter = ""] = match;
    parts.push(format.slice(end, match.index));
    end = match.index + whole.length;
    if (letter === "%") {
      if (whole !== "%%") throw new Error(`the field '${whole}' of a format string is not supported`);
      parts.push("%");
      continue;
    }
    if (flags.includes("#")) throw new Error(`the field '${whole}' of a format string is not supported`);
    const fieldWidth = size(width);
    const point = whole.includes(".") ? (size(digits) ?? 0) : undefined;
    let item: Value;
    if (key === undefined) item = next();
    else {
      if (dict === undefined) throw new Error("format requires a mapping");
      const found = dict.get(key);
      item = found === undefined ? missing(key) : found;
    }
    parts.push(field(letter, item, { flags, width: fieldWidth ?? 0, digits: point }, meter));
  }
  const rest = format.slice(end);
  if (rest.includes("%")) throw new Error("incomplete format");
  // Python takes a list or a range for a mapping, which need not be used
  if (used < values.length && dict === undefined && !Array.isArray(value) && !(value instanceof Range)) {
    throw new Error("not all arguments converted during string formatting");
  }
  return meter.join([...parts, rest]);
}

const missing = (key: string): never => {
  throw new Error(`there is no '${key}' for a format string`);
};

interface Layout {
  readonly flags: string;
  readonly width: number;
  readonly digits: number | undefined;
}

function field(letter: string, value: Value, { flags, width, digits }: Layout, meter: Meter): string {
  const isLeft = flags.includes("-") || width < 0;
  const place = (text: string, fill = " ") =>
    padded(text, Math.abs(width), isLeft ? "<" : fill === "0" ? "=" : ">", isLeft ? " " : fill, meter);
  if (letter === "s" || letter === "r") {
    const whole = letter === "s" ? text(value, meter) : repr(value, meter);
    return place(digits === undefined ? whole : Array.from(whole).slice(0, digits).join(""));
  }
  if (letter === "c" && typeof value === "string" && Array.from(value).length === 1) return place(value);
  if (!/[diuxXoeEfFgG]/.test(letter)) throw new Error(`the format character '${letter}' is not supported`);
  const number = numeric(value);
  if (number === undefined) throw new Error(`%${letter} format: a real number is required, not ${typeName(value)}`);
  let digitsOf: string;
  if (/[eEfFgG]/.test(letter)) digitsOf = floatBy(letter, Number(number), precision(digits ?? 6));
  else {
    if (typeof number === "number" && /[xXo]/.test(letter)) {
      throw new Error(`%${letter} format: an integer is required, not float`);
    }
    const whole = integerBy(
      letter.replace(/[iu]/, "d"),
      typeof number === "bigint" ? number : BigInt(Math.trunc(number)),
    );
    const bare = whole.replace("-", "").padStart(precision(digits ?? 0), "0");
    digitsOf = whole.startsWith("-") ? `-${bare}` : bare;
  }
  const sign = digitsOf.startsWith("-") ? "" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  return place(sign + digitsOf, flags.includes("0") ? "0" : " ");
}
