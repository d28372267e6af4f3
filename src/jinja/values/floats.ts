/** A float64 as `mantissa · 2^exponent`, without its sign. */
function parts(value: number): readonly [mantissa: bigint, exponent: number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const exponent = Number(bits >> 52n);
  const fraction = bits & ((1n << 52n) - 1n);
  return exponent === 0 ? [fraction, -1074] : [fraction | (1n << 52n), exponent - 1075];
}

/** `numerator / denominator` to the nearest integer, halves to the even one. Both are positive. */
export function roundedQuotient(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  return twice > denominator || (twice === denominator && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

/** `|value| · 10^digits` to the nearest integer, halves to the even one: exact, as C's printf rounds. */
function scaled(value: number, digits: number): bigint {
  const [mantissa, exponent] = parts(value);
  const up = mantissa * 2n ** BigInt(Math.max(0, exponent)) * 10n ** BigInt(Math.max(0, digits));
  return roundedQuotient(up, 2n ** BigInt(Math.max(0, -exponent)) * 10n ** BigInt(Math.max(0, -digits)));
}

const isNegative = (value: number): boolean => value < 0 || Object.is(value, -0);

/** A float that is no number in the usual sense, by Python's name for it. */
function special(value: number): string | undefined {
  if (Number.isNaN(value)) return "nan";
  if (Number.isFinite(value)) return undefined;
  return value < 0 ? "-inf" : "inf";
}

/** With so many digits after the point, as `%f` writes it. */
export function fixed(value: number, digits: number): string {
  const name = special(value);
  if (name !== undefined) return name;
  const all = scaled(value, digits)
    .toString()
    .padStart(digits + 1, "0");
  const whole = digits === 0 ? all : `${all.slice(0, -digits)}.${all.slice(-digits)}`;
  return (isNegative(value) ? "-" : "") + whole;
}

/** Digits and the exponent of the first of them, for so many digits. */
function leading(value: number, count: number): readonly [digits: string, exponent: number] {
  if (value === 0) return ["0".repeat(count), 0];
  const exponent = Number(value.toExponential().split("e")[1]);
  const digits = scaled(value, count - 1 - exponent).toString();
  return digits.length > count ? [digits.slice(0, count), exponent + 1] : [digits, exponent];
}

function withExponent(digits: string, exponent: number): string {
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ""}e${exponent < 0 ? "-" : "+"}${size}`;
}

/** With so many digits after the first, as `%e` writes it. */
export function exponential(value: number, digits: number): string {
  const name = special(value);
  if (name !== undefined) return name;
  return (isNegative(value) ? "-" : "") + withExponent(...leading(value, digits + 1));
}

/** With so many significant digits, as `%g` writes it. */
export function general(value: number, precision: number): string {
  const name = special(value);
  if (name !== undefined) return name;
  const [digits, exponent] = leading(value, Math.max(1, precision));
  const kept = digits.replace(/(?<=.)0+$/, "");
  return (isNegative(value) ? "-" : "") + placed(kept, exponent, Math.max(1, precision), "");
}

/** Digits with a point among them, or with an exponent where Python writes one. */
function placed(digits: string, exponent: number, most: number, whole: string): string {
  if (exponent < -4 || exponent >= most) return withExponent(digits, exponent);
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const padded = digits.padEnd(exponent + 1, "0");
  const rest = padded.slice(exponent + 1);
  return padded.slice(0, exponent + 1) + (rest === "" ? whole : `.${rest}`);
}

/** A float as Python's `repr` writes it: the shortest digits that read back, `1.0`, `1e+16`, `1e-05`. */
export function floatText(value: number): string {
  const name = special(value);
  if (name !== undefined) return name;
  const [digits, exponent] = Math.abs(value).toExponential().split("e") as [string, string];
  return (isNegative(value) ? "-" : "") + placed(digits.replace(".", ""), Number(exponent), 16, ".0");
}

/** A float to so many decimals, as Python's `round` does. */
export function rounded(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 400) return value;
  if (digits < -400) return isNegative(value) ? -0 : 0;
  return Number(`${isNegative(value) ? "-" : ""}${scaled(value, digits)}e${-digits}`);
}
