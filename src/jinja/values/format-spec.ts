import { exponential, fixed, floatText, general } from "./floats.ts";
import type { Meter } from "./meter.ts";
import { codePoints } from "./values.ts";

/** No number has more digits, and the exact ones of a float are at most 1074. */
const MAX_PRECISION = 1100;

/** A precision within what is sensible. */
export function precision(digits: string | number): number {
  const value = Number(digits);
  if (value > MAX_PRECISION) throw new Error(`a precision of more than ${MAX_PRECISION}`);
  return value;
}

/** A float by one of printf's letters: `e`, `f` or `g`; a large letter makes the result large. */
export function floatBy(letter: string, value: number, digits: number): string {
  const kind = letter.toLowerCase();
  const text = kind === "f" ? fixed(value, digits) : kind === "e" ? exponential(value, digits) : general(value, digits);
  return letter === kind ? text : text.toUpperCase();
}

/** An integer by one of printf's letters: `d`, `x`, `X`, `o`, `b`. */
export function integerBy(letter: string, value: bigint): string {
  const base = { d: 10, x: 16, X: 16, o: 8, b: 2 }[letter] ?? 10;
  const text = value.toString(base);
  return letter === "X" ? text.toUpperCase() : text;
}

/** A text in a field of some width. Of a number, `=` puts the filling behind the sign. */
export function padded(text: string, width: number, align: string, fill: string, meter: Meter): string {
  const room = width - codePoints(text);
  if (room <= 0) return text;
  const left = align === "<" ? 0 : align === "^" ? Math.floor(room / 2) : room;
  const [before, after] = [meter.repeat(fill, left), meter.repeat(fill, room - left)];
  if (align !== "=") return before + text + after;
  const prefix = /^[-+ ]?(?:0[xXob])?/.exec(text)![0];
  return prefix + before + text.slice(prefix.length);
}

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?(.)?$/su;

/** A value by the part after the colon of a replacement field: `{:>8.2f}`. */
export function formatted(value: string | bigint | number, spec: string, meter: Meter): string {
  if (spec === "" && typeof value !== "number") return String(value);
  const parts = SPEC.exec(spec);
  if (parts === null) throw new Error(`invalid format specifier '${spec}'`);
  const [, fill, align, sign, alternate, zero, width = "0", comma, digits, letter] = parts;
  const refuse = (): never => {
    throw new Error(`the format specifier '${spec}' is not supported for this value`);
  };
  if (alternate !== undefined || comma === "_") refuse();
  const space = fill ?? (zero === undefined ? " " : "0");
  if (typeof value === "string") {
    if ((letter ?? "s") !== "s" || sign !== undefined || comma !== undefined || align === "=" || zero) refuse();
    const cut = digits === undefined ? value : Array.from(value).slice(0, Number(digits)).join("");
    return padded(cut, Number(width), align ?? "<", space, meter);
  }
  let text: string;
  if (typeof value === "bigint" && (letter === undefined || "dxXob".includes(letter))) {
    if (digits !== undefined) refuse();
    text = integerBy(letter ?? "d", value);
  } else if (letter === undefined) {
    if (digits !== undefined) refuse();
    text = floatText(Number(value));
  } else if (letter === "%") text = `${fixed(Number(value) * 100, precision(digits ?? 6))}%`;
  else if ("eEfFgG".includes(letter)) text = floatBy(letter, Number(value), precision(digits ?? 6));
  else text = refuse();
  if (comma !== undefined) {
    if (zero !== undefined) refuse();
    text = text.replace(
      /^(-?)(\d+)/,
      (_, minus: string, whole: string) => minus + whole.replace(/\B(?=(\d{3})+$)/g, ","),
    );
  }
  if (sign !== undefined && sign !== "-" && !text.startsWith("-")) text = sign + text;
  return padded(text, Number(width), align ?? (zero === undefined ? ">" : "="), space, meter);
}
