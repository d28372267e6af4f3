import { describe, expect, test } from "vitest";
import { doubleQuantize, undoubleQuantize } from "../../src/quant/doublequant.ts";
import { bitsOf, bytesOf, casesOf, floatsOf } from "./fixture.ts";

interface Case {
  scales: string;
  codes: string;
  absmax: string;
  offset: number;
  restored: string;
}

const cases = casesOf<Case[]>("doublequant").map((c) => ({ ...c, scales: floatsOf(c.scales) }));

describe.each(cases)("$scales.length scales", ({ scales, codes, absmax, offset, restored }) => {
  const nested = doubleQuantize(scales);

  test("offset, codes and nested absmax are bitsandbytes' to the bit", () => {
    expect(nested.offset).toBe(offset);
    expect(nested.codes).toEqual(bytesOf(codes));
    expect(bitsOf(nested.absmax)).toEqual(bitsOf(floatsOf(absmax)));
  });

  test("so are the scales that come back", () => {
    expect(bitsOf(undoubleQuantize(nested))).toEqual(bitsOf(floatsOf(restored)));
  });
});

test("equal scales come back exactly", () => {
  const scales = new Float32Array(64).fill(0.125);
  expect(undoubleQuantize(doubleQuantize(scales))).toEqual(scales);
});
