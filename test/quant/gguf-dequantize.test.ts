import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BlockSizeError } from "../../src/errors.ts";
import { dequantizeGgml } from "../../src/formats/gguf/blocks/dequantize.ts";
import { GGML_TYPES, type GgmlType, ggmlTypeOf } from "../../src/formats/gguf/blocks/types.ts";
import { bitsOf, casesOf, floatsOf } from "./fixture.ts";
import { blocksOf, digestOf } from "./gguf-blocks.ts";

const { dequantized } = casesOf<{ dequantized: Record<GgmlType, { digest: string; last: string }> }>("gguf");
const types = Object.keys(GGML_TYPES) as GgmlType[];

describe.each(types)("%s", (type) => {
  const { blockSize, blockBytes } = GGML_TYPES[type];
  const bytes = blocksOf(type);

  test("values are those of gguf, bit for bit", () => {
    const values = dequantizeGgml(type, bytes);
    expect(bitsOf(values.slice(-blockSize))).toEqual(bitsOf(floatsOf(dequantized[type].last)));
    expect(digestOf(values)).toBe(dequantized[type].digest);
  });

  test("blocks do not depend on each other, nor on where they lie", () => {
    const whole = dequantizeGgml(type, bytes);
    fc.assert(
      fc.property(fc.nat(319), fc.nat(3), (block, shift) => {
        const moved = new Uint8Array(shift + blockBytes);
        moved.set(bytes.subarray(block * blockBytes, (block + 1) * blockBytes), shift);
        const alone = dequantizeGgml(type, moved.subarray(shift));
        expect(digestOf(alone)).toBe(digestOf(whole.slice(block * blockSize, (block + 1) * blockSize)));
      }),
      { numRuns: 50 },
    );
  });

  test("half a block is refused", () => {
    const refused = () => dequantizeGgml(type, new Uint8Array(3 * blockBytes - 1));
    expect(refused).toThrow(BlockSizeError);
    expect(refused).toThrow(`${3 * blockBytes - 1} bytes do not divide into ${type} blocks.`);
    expect(refused).toThrow(`expected: a multiple of ${blockBytes} bytes`);
  });
});

test("a type is found by its number", () => {
  expect(types.map((type) => ggmlTypeOf(GGML_TYPES[type].id))).toEqual(types);
  expect(ggmlTypeOf(10)).toBeUndefined();
});
