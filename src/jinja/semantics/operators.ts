import type { Operator } from "../syntax/nodes.ts";
import { roundedQuotient } from "../values/floats.ts";
import { bitLength, type Meter } from "../values/meter.ts";
import { percentFormat } from "../values/percent-format.ts";
import { numeric, Tuple, typeName, Undefined, type Value } from "../values/values.ts";

/** The result of an operator with two operands. @throws as Python does for operands that do not go together. */
export function operate(operator: Operator, a: Value, b: Value, meter: Meter): Value {
  for (const value of [a, b]) if (value instanceof Undefined) value.fail();
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== undefined && y !== undefined) return arithmetic(operator, x, y, meter);
  if (operator === "%" && typeof a === "string") return percentFormat(a, b, meter);
  const result =
    operator === "+"
      ? joined(a, b, meter)
      : operator === "*"
        ? (repeated(a, y, meter) ?? repeated(b, x, meter))
        : undefined;
  if (result !== undefined) return result;
  throw new Error(`unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`);
}

function joined(a: Value, b: Value, meter: Meter): Value | undefined {
  if (typeof a === "string" && typeof b === "string") return meter.join([a, b]);
  const both = (x: readonly Value[], y: readonly Value[]): Value[] => {
    meter.items(x.length + y.length);
    return [...x, ...y];
  };
  if (Array.isArray(a) && Array.isArray(b)) return both(a, b);
  return a instanceof Tuple && b instanceof Tuple ? new Tuple(both(a.items, b.items)) : undefined;
}

function repeated(value: Value, count: bigint | number | undefined, meter: Meter): Value | undefined {
  if (typeof count !== "bigint") return undefined;
  const times = Math.max(0, Number(count));
  if (typeof value === "string") return meter.repeat(value, times);
  const items = Array.isArray(value) ? (value as readonly Value[]) : value instanceof Tuple ? value.items : undefined;
  if (items === undefined) return undefined;
  meter.items(items.length * times);
  const all =
    items.length === 0 ? [] : Array.from({ length: items.length * times }, (_, i) => items[i % items.length]!);
  return Array.isArray(value) ? all : new Tuple(all);
}

function arithmetic(operator: Operator, a: bigint | number, b: bigint | number, meter: Meter): bigint | number {
  if (typeof a === "bigint" && typeof b === "bigint") return integers(operator, a, b, meter);
  const [x, y] = [float(a), float(b)];
  if ((operator === "/" || operator === "//" || operator === "%") && y === 0) throw new Error("division by zero");
  switch (operator) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "/":
      return x / y;
    case "%":
      return remainder(x, y);
    case "//":
      return floorDivided(x, y);
    case "**":
      return floatPower(x, y);
  }
}

/** An int as a float. @throws when there is none so large. */
export function float(value: bigint | number): number {
  const result = Number(value);
  if (typeof value === "bigint" && !Number.isFinite(result)) throw new Error("int too large to convert to float");
  return result;
}

function integers(operator: Operator, a: bigint, b: bigint, meter: Meter): bigint | number {
  if (b === 0n && (operator === "/" || operator === "//" || operator === "%")) throw new Error("division by zero");
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      meter.bits(bitLength(a) + bitLength(b) - 1);
      return a * b;
    case "/":
      return divided(a, b);
    case "%":
      return ((a % b) + b) % b;
    case "//":
      return (a - (((a % b) + b) % b)) / b;
    case "**":
      if (b < 0n) return floatPower(float(a), float(b));
      if (a !== 0n && a !== 1n && a !== -1n) meter.bits((bitLength(a) - 1) * Number(b));
      return a ** b;
  }
}

const EXACT = BigInt(Number.MAX_SAFE_INTEGER);

/** The float nearest to the quotient of two integers. */
function divided(a: bigint, b: bigint): number {
  if (a <= EXACT && a >= -EXACT && b <= EXACT && b >= -EXACT) return Number(a) / Number(b);
  const isNegative = a < 0n !== b < 0n;
  const [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  // 80 bits, of which the last tells whether anything was cut off, make the conversion below round once and rightly.
  const shift = BigInt(80 - bitLength(x) + bitLength(y));
  const [up, down] = shift >= 0n ? [x << shift, y] : [x, y << -shift];
  const quotient = (up / down) | (up % down === 0n ? 0n : 1n);
  const result = Number(quotient) * 2 ** -Number(shift);
  if (!Number.isFinite(result)) throw new Error("integer division result too large for a float");
  return isNegative ? -result : result;
}

/** The remainder with the sign of the divisor. */
function remainder(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 === b < 0 ? rest : rest + b;
}

function floorDivided(a: number, b: number): number {
  const quotient = (a - remainder(a, b)) / b;
  if (quotient === 0) return a < 0 === b < 0 ? 0 : -0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

/**
 * A power with a float in it, where it is exact or correctly rounded. C libraries and JavaScript differ in the last
 * digit of the others.
 */
function floatPower(a: number, b: number): number {
  if (a === 0 && b < 0) throw new Error("0.0 cannot be raised to a negative power");
  if (b === 0 || a === 1) return 1;
  if (b === 1) return a;
  if (b === 2) return a * a;
  if (b === -1) return 1 / a;
  if (b === 0.5 && a >= 0) return Math.sqrt(a);
  if (a === 10 && Number.isInteger(b) && Math.abs(b) < 300) return Number(`1e${b}`);
  if (Number.isInteger(a) && Number.isInteger(b) && b > 0 && Math.abs(a) ** b <= Number.MAX_SAFE_INTEGER) return a ** b;
  if (a === 2 && Number.isInteger(b) && Math.abs(b) < 1000) return 2 ** b;
  throw new Error(`the power ${a} ** ${b} is not computed alike everywhere`);
}

/** An integer to so many decimals, as Python's `round` does: digits below zero round to tens. */
export function roundedInteger(value: bigint, digits: number): bigint {
  if (digits >= 0) return value;
  if (digits < -4300) return 0n;
  const unit = 10n ** BigInt(-digits);
  const size = roundedQuotient(value < 0n ? -value : value, unit) * unit;
  return value < 0n ? -size : size;
}
