import type { Lowering } from "../ir/lowering.ts";

/**
 * π/2 in parts, the largest first. All but the last have at most seven bits, so that their products with a number of quarter
 * turns are exact up to 2¹⁷ of those.
 */
const QUARTER = [1.5625, 68 / 2 ** 13, -75 / 2 ** 24];
const REST = Math.PI / 2 - QUARTER.reduce((sum, part) => sum + part);

/** Coefficients of `r³, r⁵, r⁷` in sin r, and of `r⁴, r⁶, r⁸` in cos r, for |r| ≤ π/4. @see Moshier, Cephes, `sinf.c`. */
const SINE = [-1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4];
const COSINE = [4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5];

/**
 * The ONNX form of `sin(angles + quarters · π/2)` in sums and products, which devices round correctly: WGSL allows its own sine an
 * error of 2⁻¹¹. Right to 2⁻²² for angles of up to 2¹⁷ radians.
 *
 * Quarter turns are taken off by subtracting π/2 in parts (Cody and Waite 1980, section 8). Each step is a node of its own, so that no
 * compiler contracts two of them.
 */
export function lowerSine(to: Lowering, angles: string, quarters: 0 | 1): string {
  const mul = (a: string, b: string): string => to.node("Mul", [a, b]);
  const add = (a: string, b: string): string => to.node("Add", [a, b]);
  const sub = (a: string, b: string): string => to.node("Sub", [a, b]);
  const half = (x: string): string => to.node("Floor", [mul(x, to.scalar(0.5))]);
  const polynomial = (x: string, coefficients: readonly number[]): string =>
    coefficients.map((c) => to.scalar(c)).reduceRight((sum, c) => add(mul(sum, x), c));

  const turns = to.node("Floor", [add(mul(angles, to.scalar(2 / Math.PI)), to.scalar(0.5))]);
  const r = [...QUARTER, REST].reduce((x, part) => sub(x, mul(turns, to.scalar(part))), angles);
  const square = mul(r, r);
  const sine = add(mul(mul(polynomial(square, SINE), square), r), r);
  const squares = mul(mul(polynomial(square, COSINE), square), square);
  const cosine = add(sub(squares, mul(square, to.scalar(0.5))), to.scalar(1));

  const quarter = quarters === 0 ? turns : add(turns, to.scalar(quarters));
  const isOdd = to.node("Greater", [sub(quarter, mul(half(quarter), to.scalar(2))), to.scalar(0.5)]);
  const pairs = half(quarter);
  const sign = sub(to.scalar(1), mul(sub(pairs, mul(half(pairs), to.scalar(2))), to.scalar(2)));
  return mul(to.node("Where", [isOdd, cosine, sine]), sign);
}
