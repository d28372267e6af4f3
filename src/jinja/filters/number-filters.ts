import { float, operate, roundedInteger } from "../semantics/operators.ts";
import { rounded } from "../values/floats.ts";
import { itemsOf, numeric, typeName, Undefined, type Value } from "../values/values.ts";
import { SPACE } from "../values/whitespace.ts";
import { count, type Filter, filter, getter } from "./filter.ts";

const SPACE_AROUND = new RegExp(`^${SPACE}+|${SPACE}+$`, "g");

/** A text as an integer; `undefined` when it is none. */
function integerOf(text: string, base: number): bigint | undefined {
  const match = /^([-+]?)(0[xX]_?|0[oO]_?|0[bB]_?)?([\da-zA-Z]+(?:_[\da-zA-Z]+)*)$/.exec(
    text.replace(SPACE_AROUND, ""),
  );
  if (match === null) return undefined;
  const [, sign, prefix = "", digits = ""] = match;
  const named = { x: 16, o: 8, b: 2 }[prefix[1]?.toLowerCase() ?? ""];
  if (![2, 8, 10, 16].includes(base)) throw new Error(`int with the base ${base} is not supported`);
  // `0b1` is the digits b and 1 in base 16
  if (prefix !== "" && named !== base && base !== 16) return undefined;
  const bare = (prefix !== "" && named !== base ? prefix + digits : digits).replaceAll("_", "");
  if (bare.length > 4300) return undefined;
  const known = { 2: /^[01]+$/, 8: /^[0-7]+$/, 10: /^\d+$/, 16: /^[\da-fA-F]+$/ }[base]!;
  if (!known.test(bare)) return undefined;
  const value = BigInt({ 2: "0b", 8: "0o", 10: "", 16: "0x" }[base]! + bare);
  return sign === "-" ? -value : value;
}

/** A text as a float; `undefined` when it is none. */
function floatOf(text: string): number | undefined {
  const plain = text.replace(SPACE_AROUND, "");
  const named = /^([-+]?)(inf|infinity|nan)$/i.exec(plain);
  if (named !== null) return named[2]!.toLowerCase() === "nan" ? Number.NaN : named[1] === "-" ? -Infinity : Infinity;
  if (!/^[-+]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[-+]?\d+(?:_\d+)*)?$/i.test(plain)) {
    if (/(?![0-9])\p{Nd}/u.test(plain)) throw new Error(`'${plain.slice(0, 60)}' as a number`);
    return undefined;
  }
  return Number(plain.replaceAll("_", ""));
}

function asFloat(value: Value): number | undefined {
  if (value instanceof Undefined) value.fail();
  const number = numeric(value);
  if (number !== undefined) return float(number);
  return typeof value === "string" ? floatOf(value) : undefined;
}

const int = filter("int", ["default", "base"], (value, [standard = 0n, base]) => {
  const number = numeric(value);
  if (typeof number === "bigint") return number;
  const whole = typeof value === "string" ? integerOf(value, count(base, "base", 10)) : undefined;
  if (whole !== undefined) return whole;
  const approximate = asFloat(value);
  return approximate === undefined || !Number.isFinite(approximate) ? standard : BigInt(Math.trunc(approximate));
});

function absolute(value: Value): Value {
  if (value instanceof Undefined) value.fail();
  const number = numeric(value);
  if (number === undefined) throw new Error(`bad operand type for abs(): '${typeName(value)}'`);
  return typeof number === "number" ? Math.abs(number) : number < 0n ? -number : number;
}

const round = filter("round", ["precision", "method"], (value, [precision, method = "common"], { meter }) => {
  if (value instanceof Undefined) value.fail();
  const number = numeric(value);
  if (number === undefined) throw new Error(`a value of the type ${typeName(value)} cannot be rounded`);
  const digits = count(precision, "precision", 0);
  if (method === "common") return typeof number === "bigint" ? roundedInteger(number, digits) : rounded(number, digits);
  if (method !== "ceil" && method !== "floor") throw new Error("method must be common, ceil or floor");
  const unit = operate("**", 10n, BigInt(digits), meter);
  const scaled = operate("*", number, unit, meter);
  const whole = typeof scaled === "number" ? BigInt(Math[method](scaled)) : scaled;
  return operate("/", whole, unit, meter);
});

const sum = filter("sum", ["attribute", "start"], (value, [attribute, start = 0n], runtime) => {
  const get = getter(attribute, runtime);
  if (typeof start === "string") throw new Error("sum() can't sum strings [use ''.join(seq) instead]");
  let total: Value = start;
  let lost = 0;
  for (const item of itemsOf(value)) {
    runtime.meter.step();
    const part = get(item);
    const next = operate("+", total, part, runtime.meter);
    if (typeof next === "number") lost += roundedOff(Number(total), Number(part), next);
    total = next;
  }
  if (typeof total === "number" && total + lost !== total && Number.isFinite(total)) {
    throw new Error("a sum of floats that differs with Python's version is not supported");
  }
  return total;
});

/** The part of a sum that its rounding leaves out, which Python adds up from 3.12 on. */
const roundedOff = (a: number, b: number, sum: number): number =>
  Math.abs(a) >= Math.abs(b) ? a - sum + b : b - sum + a;

/** Filters that make numbers of what they get. */
export const NUMBER_FILTERS: Readonly<Record<string, Filter>> = {
  int,
  float: filter("float", ["default"], (value, [standard = 0]) => asFloat(value) ?? standard),
  abs: filter("abs", [], absolute),
  round,
  sum,
};
