import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BlockSizeError, CheckpointError } from "../../src/errors.ts";
import type { FourBitType } from "../../src/quant/codebooks.ts";
import { dequantize4, quantize4 } from "../../src/quant/fourbit.ts";
import { bitsOf, bytesOf, casesOf, floatsOf } from "./fixture.ts";

interface Run {
  type: FourBitType;
  blockSize: number;
  codes: string;
  absmax: string;
  dequantized: string;
}

const runs = casesOf<{ name: string; weights: string; runs: Run[] }[]>("fourbit").flatMap(({ name, weights, runs }) =>
  runs.map((run) => ({ ...run, name, weights: floatsOf(weights) })),
);

describe.each(runs)("$type of weights: $name, in blocks of $blockSize", (run) => {
  const blocks = quantize4(run.weights, run);

  test("codes and absmax are bitsandbytes' to the bit", () => {
    expect(blocks.codes).toEqual(bytesOf(run.codes));
    expect(bitsOf(blocks.absmax)).toEqual(bitsOf(floatsOf(run.absmax)));
  });

  test("so are the weights that come back", () => {
    expect(bitsOf(dequantize4(blocks, run.weights.length))).toEqual(bitsOf(floatsOf(run.dequantized)));
  });
});

test.each([
  ["nf4", 0.152],
  ["fp4", 0.167],
] as const)("every %s weight comes back within absmax × %f", (type, share) => {
  fc.assert(
    fc.property(
      fc.float32Array({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 99), max: 2 ** 99, maxLength: 200 }),
      (weights) => {
        const blocks = quantize4(weights, { type, blockSize: 32 });
        const back = dequantize4(blocks, weights.length);
        weights.forEach((x, i) => {
          expect(Math.abs(x - back[i]!)).toBeLessThanOrEqual(blocks.absmax[i >> 5]! * share + 1e-38);
        });
      },
    ),
  );
});

test("the first weight is in the high half of its byte, and an odd end is padded with a zero", () => {
  expect([...quantize4(Float32Array.of(1, -1, 0.5), { type: "nf4" }).codes]).toEqual([0xf0, 0xc7]);
});

test("writes into the array it is given", () => {
  const out = new Float32Array(2);
  expect(dequantize4(quantize4(Float32Array.of(3, -3), { type: "fp4" }), 2, out)).toBe(out);
  expect([...out]).toEqual([3, -3]);
});

test("refuses a block size that bitsandbytes has not", () => {
  const quantize = () => quantize4(new Float32Array(64), { type: "nf4", blockSize: 48 });
  expect(quantize).toThrow(BlockSizeError);
  expect(quantize).toThrow(/blockSize 48 is not supported.\n {2}expected: one of 32, 64/);
});

test.each([Number.NaN, Number.NEGATIVE_INFINITY])("refuses a weight that is %f and says where", (bad) => {
  const weights = new Float32Array(100).fill(1);
  weights[70] = bad;
  const quantize = () => quantize4(weights, { type: "nf4" });
  expect(quantize).toThrow(CheckpointError);
  expect(quantize).toThrow(`cannot quantize a weight that is ${bad}.\n  at: element 70 of 100`);
});

test("refuses codes and scales of another length", () => {
  const blocks = quantize4(new Float32Array(64), { type: "nf4" });
  expect(() => dequantize4(blocks, 66)).toThrow(
    /66 weights do not fit 32 bytes of codes and 1 scales.\n {2}expected: 33 bytes and 2 scales in blocks of 64/,
  );
});
