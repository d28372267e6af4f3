import { dequantizeQ4K, dequantizeQ5K, dequantizeQ6K } from "./gguf-k-blocks.ts";
import { dequantizeQ4_0, dequantizeQ4_1, dequantizeQ5_0, dequantizeQ5_1, dequantizeQ8_0 } from "./gguf-small-blocks.ts";
import { GGML_TYPES, type GgmlType, wholeBlocks } from "./gguf-types.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "./half.ts";

/** Decodes whole blocks into `out`, which has room for them. */
type Decode = (bytes: Uint8Array, out: Float32Array) => void;

const DECODE: Readonly<Record<Exclude<GgmlType, "F32" | "F16" | "BF16">, Decode>> = {
  Q4_0: dequantizeQ4_0,
  Q4_1: dequantizeQ4_1,
  Q5_0: dequantizeQ5_0,
  Q5_1: dequantizeQ5_1,
  Q8_0: dequantizeQ8_0,
  Q4_K: dequantizeQ4K,
  Q5_K: dequantizeQ5K,
  Q6_K: dequantizeQ6K,
};

/**
 * Restores the values of ggml blocks as float32, in an array of its own.
 *
 * Bit-equal to `gguf.quants.dequantize`: the product of a scale and a code is exact in float32, so a value is rounded
 * once, where a minimum is added or taken away.
 *
 * @param bytes Blocks one after the other, as a GGUF file holds them.
 * @throws {BlockSizeError} when they are no whole number of blocks.
 */
export function dequantizeGgml(type: GgmlType, bytes: Uint8Array): Float32Array {
  const count = wholeBlocks(type, bytes.length, "blockBytes") * GGML_TYPES[type].blockSize;
  switch (type) {
    case "F32":
      return new Float32Array(new Float32Array(...elements(bytes, count)));
    case "F16":
      return float16ToFloat32(new Uint16Array(...elements(bytes, count)));
    case "BF16":
      return bfloat16ToFloat32(new Uint16Array(...elements(bytes, count)));
    default: {
      const out = new Float32Array(count);
      DECODE[type](bytes, out);
      return out;
    }
  }
}

/** What a typed array of `count` elements needs to view these bytes, which may lie where none may begin. */
function elements(bytes: Uint8Array, count: number): [ArrayBuffer, number, number] {
  const placed = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return [placed.buffer as ArrayBuffer, placed.byteOffset, count];
}
