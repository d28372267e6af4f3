import fc from "fast-check";
import { expect, test } from "vitest";
import { BlockSizeError, CheckpointError } from "../../src/errors.ts";
import { dequantizeInt8, quantizeInt8 } from "../../src/quant/int8.ts";
import { bitsOf, bytesOf, casesOf, floatsOf } from "./fixture.ts";

const fixture = casesOf<{ rows: number; weights: string; codes: string; absmax: string; dequantized: string }>("int8");

test("codes, absmax and the weights that come back are bitsandbytes' to the bit", () => {
  const rows = quantizeInt8(floatsOf(fixture.weights), fixture.rows);
  expect(rows.codes).toEqual(new Int8Array(bytesOf(fixture.codes)));
  expect(bitsOf(rows.absmax)).toEqual(bitsOf(floatsOf(fixture.absmax)));
  expect(bitsOf(dequantizeInt8(rows))).toEqual(bitsOf(floatsOf(fixture.dequantized)));
});

test("every weight comes back within absmax / 254 of its row", () => {
  const weights = fc.float32Array({ noNaN: true, min: -(2 ** 99), max: 2 ** 99, minLength: 24, maxLength: 24 });
  fc.assert(
    fc.property(weights, (weights) => {
      const rows = quantizeInt8(weights, 3);
      const back = dequantizeInt8(rows);
      weights.forEach((x, i) => {
        expect(Math.abs(x - back[i]!)).toBeLessThanOrEqual((rows.absmax[Math.floor(i / 8)]! / 254) * 1.0001 + 1e-36);
      });
    }),
  );
});

test("ties go to even", () => {
  expect([...quantizeInt8(Float32Array.of(127, 0.5, 1.5, 2.5, -0.5, -1.5), 1).codes]).toEqual([127, 0, 2, 2, 0, -2]);
});

test.each([0, 3, -2, 0.5])("refuses %f rows of eight weights", (rows) => {
  const quantize = () => quantizeInt8(new Float32Array(8), rows);
  expect(quantize).toThrow(BlockSizeError);
  expect(quantize).toThrow(`8 weights cannot be split into ${rows} rows.`);
});

test("refuses a weight that is not finite and says where", () => {
  const quantize = () => quantizeInt8(Float32Array.of(1, 2, 3, Number.NaN), 2);
  expect(quantize).toThrow(CheckpointError);
  expect(quantize).toThrow("cannot quantize a weight that is NaN.\n  at: element 3 of 4");
});
