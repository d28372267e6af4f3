import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "../../src/quant/half.ts";
import { bitsOf, casesOf } from "./fixture.ts";

const torch = casesOf<Record<string, { widened: string; rounded: string }>>("half");
const everyPattern = Uint16Array.from({ length: 65536 }, (_, i) => i);
const digest = (x: ArrayBufferView) =>
  createHash("sha256")
    .update(new Uint8Array(x.buffer, x.byteOffset, x.byteLength))
    .digest("hex");

const formats = [
  { name: "float16", widen: float16ToFloat32, round: float32ToFloat16, exponentBits: 5, quietBit: 0x200 },
  { name: "bfloat16", widen: bfloat16ToFloat32, round: float32ToBfloat16, exponentBits: 8, quietBit: 0x40 },
];

/** What a pattern means, from the definition of the format. */
function meaning(pattern: number, exponentBits: number): number {
  const mantissaBits = 15 - exponentBits;
  const sign = pattern >> 15 ? -1 : 1;
  const exponent = (pattern >> mantissaBits) & (2 ** exponentBits - 1);
  const fraction = (pattern & (2 ** mantissaBits - 1)) / 2 ** mantissaBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent ? sign * (1 + fraction) * 2 ** (exponent - bias) : sign * fraction * 2 ** (1 - bias);
}

/** The next float32 toward +infinity. */
function nextUp(x: Float32Array): Float32Array {
  const up = new Float32Array(x);
  const bits = bitsOf(up);
  for (let i = 0; i < up.length; i++) {
    if (x[i] === 0) bits[i] = 1;
    else if (x[i] !== Number.POSITIVE_INFINITY) bits[i]! += x[i]! > 0 ? 1 : -1;
  }
  return up;
}

describe.each(formats)("$name", ({ name, widen, round, exponentBits, quietBit }) => {
  const wide = widen(everyPattern);
  const numbers = wide.filter((x) => !Number.isNaN(x));

  test("every pattern means what the format says", () => {
    const expected = Float32Array.from(everyPattern, (pattern) => meaning(pattern, exponentBits));
    expect(wide.findIndex((x, i) => !Object.is(x, expected[i]))).toBe(-1);
    expect(digest(numbers)).toBe(torch[name]!.widened);
  });

  test("every pattern survives widening and rounding; NaNs become quiet", () => {
    const expected = everyPattern.map((pattern, i) => (Number.isNaN(wide[i]!) ? pattern | quietBit : pattern));
    expect(digest(round(wide))).toBe(digest(expected));
  });

  test("ties go to even and all else to the nearest, as in torch", () => {
    const ties = numbers.slice(1).map((x, i) => Math.fround(numbers[i]! + x) / 2);
    const between = new Float32Array([...ties, ...nextUp(numbers)]).filter(Number.isFinite);
    expect(digest(round(between))).toBe(torch[name]!.rounded);
  });

  test("a number just off a tie goes to its own side", () => {
    for (let pattern = 0; meaning(pattern + 1, exponentBits) < Number.POSITIVE_INFINITY; pattern++) {
      const tie = (wide[pattern]! + wide[pattern + 1]!) / 2;
      const around = Float32Array.of(tie, 0, 0);
      bitsOf(around)[1] = bitsOf(around)[0]! - 1;
      bitsOf(around)[2] = bitsOf(around)[0]! + 1;
      const even = pattern + (pattern & 1);
      const got = round(around);
      if (got[0] !== even || got[1] !== pattern || got[2] !== pattern + 1) {
        expect.fail(`pattern ${pattern}: ${[...got]}`);
      }
    }
  });

  test("rounds past the largest number to infinity, and keeps the sign of zero", () => {
    const infinity = (2 ** exponentBits - 1) << (15 - exponentBits);
    const got = round(Float32Array.of(3.4e38, -Number.POSITIVE_INFINITY, -0, 1e-45));
    expect([...got]).toEqual([infinity, infinity | 0x8000, 0x8000, 0]);
  });
});

test("reads a view into a larger buffer", () => {
  const view = Float32Array.of(9, 1, -2).subarray(1);
  expect([...float32ToFloat16(view)]).toEqual([0x3c00, 0xc000]);
  expect([...float32ToBfloat16(view)]).toEqual([0x3f80, 0xc000]);
});

test("float16 reaches infinity at 65,520", () => {
  expect([...float32ToFloat16(Float32Array.of(65504, 65519.996, 65520))]).toEqual([0x7bff, 0x7bff, 0x7c00]);
});
