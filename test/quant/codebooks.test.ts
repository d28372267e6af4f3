import { expect, test } from "vitest";
import { dynamicMap, FP4, NF4 } from "../../src/quant/codebooks.ts";
import { bitsOf, casesOf, floatsOf } from "./fixture.ts";

const cases = casesOf<{ signed: boolean; map: string }[]>("blockwise8");

test.each(cases)("the dynamic map is bitsandbytes' to the bit (signed: $signed)", ({ signed, map }) => {
  expect(bitsOf(dynamicMap(signed))).toEqual(bitsOf(floatsOf(map)));
});

test("zero has a code of its own in the dynamic maps", () => {
  expect(dynamicMap(true)[127]).toBe(0);
  expect(dynamicMap(true)[0]).toBe(Math.fround(-0.99296875));
  expect(dynamicMap(false)[0]).toBe(0);
});

test("the 4-bit codebooks span [-1, 1]", () => {
  for (const codebook of [NF4, FP4]) {
    expect(codebook).toHaveLength(16);
    expect([Math.min(...codebook), Math.max(...codebook)]).toEqual([-1, 1]);
  }
});

test("fp4 codes are sign, exponent and mantissa bits", () => {
  for (let code = 0; code < 8; code++) expect(FP4[code + 8]! + 0).toBe(0 - FP4[code]!);
  expect(FP4[0b0011]).toBe(1);
  expect(FP4[0b0100]).toBe(Math.fround(1 / 3));
});
