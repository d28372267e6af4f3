import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dequantizeBlockwise8, emptyBlocks8, quantizeBlockwise8 } from "../../src/quant/blockwise8.ts";
import { dynamicMap } from "../../src/quant/codebooks.ts";
import { bitsOf, bytesOf, casesOf, floatsOf } from "./fixture.ts";

interface Case {
  signed: boolean;
  values: string;
  codes: string;
  absmax: string;
  dequantized: string;
}

const quantize = (x: Float32Array, signed: boolean) => quantizeBlockwise8(x, emptyBlocks8(x.length, signed));

describe.each(casesOf<Case[]>("blockwise8"))("dynamic map, signed: $signed", (c) => {
  const blocks = quantize(floatsOf(c.values), c.signed);

  test("codes and absmax are bitsandbytes' to the bit", () => {
    expect(blocks.codes).toEqual(bytesOf(c.codes));
    expect(bitsOf(blocks.absmax)).toEqual(bitsOf(floatsOf(c.absmax)));
  });

  test("so are the values that come back", () => {
    expect(bitsOf(dequantizeBlockwise8(blocks))).toEqual(bitsOf(floatsOf(c.dequantized)));
  });

  test("a value comes back as the nearest code, or one that is less than a point of the grid farther", () => {
    const codebook = dynamicMap(c.signed);
    const value = fc.float({ min: c.signed ? -1 : 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(value, (x) => {
        const [back] = dequantizeBlockwise8(quantize(Float32Array.of(x, 1), c.signed));
        const nearest = codebook.reduce((least, code) => Math.min(least, Math.abs(code - x)), 2);
        expect(Math.abs(back! - x)).toBeLessThanOrEqual(nearest + 2 / 65535);
      }),
    );
  });
});

test("the state of an optimizer is rewritten in place", () => {
  const state = emptyBlocks8(300, true);
  expect(dequantizeBlockwise8(state).every((x) => x === 0)).toBe(true);
  const x = new Float32Array(300).fill(2);
  expect(quantizeBlockwise8(x, state)).toBe(state);
  expect(dequantizeBlockwise8(state)).toEqual(x);
  quantizeBlockwise8(new Float32Array(300), state);
  expect(state).toEqual(emptyBlocks8(300, true));
});

test("refuses blocks made for another length", () => {
  expect(() => quantizeBlockwise8(new Float32Array(9), emptyBlocks8(8, true))).toThrow(
    /9 values do not fit 8 codes and 1 scales.\n {2}expected: 9 codes and 1 scales in blocks of 256/,
  );
});
