import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BlockSizeError, CheckpointError } from "../../src/errors.ts";
import { dequantizeGgml } from "../../src/formats/gguf/blocks/dequantize.ts";
import { type GgmlTarget, quantizeGgml } from "../../src/formats/gguf/blocks/quantize.ts";
import { casesOf, floatsOf } from "./fixture.ts";
import { digestOf } from "./gguf-blocks.ts";

interface Cases {
  readonly weights: string;
  readonly quantized: Readonly<Record<GgmlTarget, { digest: string }>>;
}
const { weights, quantized } = casesOf<Cases>("gguf");
const rows = floatsOf(weights);

describe.each(Object.keys(quantized) as GgmlTarget[])("%s", (type) => {
  test("bytes are those of gguf", () => expect(digestOf(quantizeGgml(type, rows))).toBe(quantized[type].digest));
});

/** Half a step, and what the scale itself loses as a half float, in steps of the largest code. */
const ERROR = { Q8_0: [254, 127], Q4_0: [8, 8], Q4_1: [30, 15] } as const;

test.each(["Q8_0", "Q4_0", "Q4_1"] as const)("%s comes back within a step", (type) => {
  const value = fc.float({ min: -1, max: 1, noNaN: true }).map((x) => (Math.abs(x) < 2 ** -20 ? 0 : x));
  fc.assert(
    fc.property(fc.array(value, { minLength: 32, maxLength: 32 }), (values) => {
      const x = Float32Array.from(values);
      const back = dequantizeGgml(type, quantizeGgml(type, x));
      const span = type === "Q4_1" ? Math.max(...x) - Math.min(...x) : Math.max(...x.map(Math.abs));
      const [halfSteps, codes] = ERROR[type];
      const bound = span / halfSteps + (2 ** -11 * span + codes * 2 ** -24) + 2 ** -11;
      for (let i = 0; i < 32; i++) expect(Math.abs(x[i]! - back[i]!)).toBeLessThanOrEqual(bound);
    }),
  );
});

test("what is not finite, or no whole block, is refused", () => {
  const x = new Float32Array(64);
  x[40] = Number.NaN;
  for (const type of ["Q8_0", "Q4_0", "Q4_1"] as const) {
    expect(() => quantizeGgml(type, x)).toThrow(CheckpointError);
    expect(() => quantizeGgml(type, x)).toThrow(/cannot quantize a weight that is NaN.\n {2}at: element 40 of 64/);
    expect(() => quantizeGgml(type, x.subarray(0, 33))).toThrow(BlockSizeError);
    expect(() => quantizeGgml(type, x.subarray(0, 33))).toThrow(`33 values do not divide into ${type} blocks`);
  }
});

test("zeros, and what is too small for a scale, come back as zeros", () => {
  const tiny = new Float32Array(32).fill(1e-41);
  for (const type of ["Q8_0", "Q4_0", "Q4_1"] as const) {
    expect([...new Set(dequantizeGgml(type, quantizeGgml(type, tiny)).map(Math.abs))]).toEqual([0]);
  }
});
