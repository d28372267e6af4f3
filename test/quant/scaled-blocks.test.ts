import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeGgml, type QuantizedGgmlType, scaledFormatOf } from "../../src/formats/gguf/blocks/dequantize.ts";
import { GGML_TYPES, type GgmlType } from "../../src/formats/gguf/blocks/types.ts";
import { float16ToFloat32, float32ToFloat16 } from "../../src/quant/half.ts";
import { packNibbles, reorderedRows, type ScaledFormat, scaledValues } from "../../src/quant/scaled-blocks.ts";
import { blocksOf } from "./gguf-blocks.ts";

const types = (Object.keys(GGML_TYPES) as GgmlType[]).filter(scaledFormatOf) as QuantizedGgmlType[];

describe.each(types)("%s", (type) => {
  const { bits, blockSize, offsets, scaleType } = scaledFormatOf(type) as ScaledFormat;
  const blocks = decodeGgml(type, blocksOf(type));

  test("codes fit their bits, unsigned where there are offsets", () => {
    const [low, high] = offsets ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
    expect(Math.min(...blocks.codes)).toBeGreaterThanOrEqual(low);
    expect(Math.max(...blocks.codes)).toBeLessThanOrEqual(Math.min(high, 127));
  });

  test("scales and offsets are exact in the type that is named, and half floats would not do where it is float32", () => {
    const all = [...blocks.scales, ...blocks.offsets];
    const halves = [...float16ToFloat32(float32ToFloat16(Float32Array.from(all)))];
    if (scaleType === "float16") expect(halves).toEqual(all);
    else expect(halves).not.toEqual(all);
  });

  test("a scale a block, an offset where there are any", () => {
    expect(blocks.scales).toHaveLength(blocks.codes.length / blockSize);
    expect(blocks.offsets).toHaveLength(offsets ? blocks.scales.length : 0);
  });
});

test("nibbles: the first code in the low half, negative ones as two's complement", () => {
  expect([...packNibbles(Int8Array.of(1, -8, 15, 0))]).toEqual([0x81, 0x0f]);
  const nibble = fc.integer({ min: -8, max: 7 });
  fc.assert(
    fc.property(fc.array(fc.tuple(nibble, nibble)), (pairs) => {
      const packed = packNibbles(Int8Array.from(pairs.flat()));
      const signed = (byte: number): number => (byte << 28) >> 28;
      expect([...packed].flatMap((byte) => [signed(byte), signed(byte >> 4)])).toEqual(pairs.flat());
    }),
  );
});

test("rows move with their scales and offsets", () => {
  const blocks = {
    codes: Int8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    scales: Float32Array.of(1, 2, 3, 4),
    offsets: Float32Array.of(10, 20, 30, 40),
  };
  expect([...scaledValues(blocks, 2)]).toEqual([11, 12, 26, 28, 45, 48, 68, 72]);
  expect([
    ...scaledValues(
      reorderedRows(blocks, 2, (row) => 1 - row),
      2,
    ),
  ]).toEqual([45, 48, 68, 72, 11, 12, 26, 28]);
});
