import { bfloat16ToFloat32, float16ToFloat32 } from "../../../quant/half.ts";
import { emptyBlocks, type ScaledBlocks, type ScaledFormat, scaledValues } from "../../../quant/scaled-blocks.ts";
import { decodeQ4K, decodeQ5K, decodeQ6K } from "./k-blocks.ts";
import { decodeQ4_0, decodeQ4_1, decodeQ5_0, decodeQ5_1, decodeQ8_0 } from "./small-blocks.ts";
import { GGML_TYPES, type GgmlType, wholeBlocks } from "./types.ts";

/** A type whose values are codes under scales. */
export type QuantizedGgmlType = Exclude<GgmlType, "F32" | "F16" | "BF16">;

/** Format of a type's decoded values, and the decoder of its blocks. */
interface Coding extends ScaledFormat {
  readonly decode: (bytes: Uint8Array, blocks: ScaledBlocks) => void;
}

const small = { blockSize: 32, scaleType: "float16" } as const;
const parts = { blockSize: 32, offsets: true, scaleType: "float32" } as const;

const CODINGS: Readonly<Record<QuantizedGgmlType, Coding>> = {
  Q4_0: { ...small, bits: 4, offsets: false, decode: decodeQ4_0 },
  Q4_1: { ...small, bits: 4, offsets: true, decode: decodeQ4_1 },
  Q5_0: { ...small, bits: 8, offsets: false, decode: decodeQ5_0 },
  Q5_1: { ...small, bits: 8, offsets: true, decode: decodeQ5_1 },
  Q8_0: { ...small, bits: 8, offsets: false, decode: decodeQ8_0 },
  Q4_K: { ...parts, bits: 4, decode: decodeQ4K },
  Q5_K: { ...parts, bits: 8, decode: decodeQ5K },
  Q6_K: { blockSize: 16, scaleType: "float32", bits: 8, offsets: false, decode: decodeQ6K },
};

/** Format of the decoded values of a type; `undefined` for plain floats. */
export function scaledFormatOf(type: GgmlType): ScaledFormat | undefined {
  if (!isQuantized(type)) return undefined;
  const { decode: _, ...format } = CODINGS[type];
  return format;
}

/**
 * Codes and scales of ggml blocks, as the file has them.
 * @param bytes Blocks one after the other, as a GGUF file holds them.
 * @throws {BlockSizeError} when they are no whole number of blocks.
 */
export function decodeGgml(type: QuantizedGgmlType, bytes: Uint8Array): ScaledBlocks {
  const count = wholeBlocks(type, bytes.length, "blockBytes") * GGML_TYPES[type].blockSize;
  const blocks = emptyBlocks(count, CODINGS[type]);
  CODINGS[type].decode(bytes, blocks);
  return blocks;
}

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
  if (isQuantized(type)) return scaledValues(decodeGgml(type, bytes), CODINGS[type].blockSize);
  const count = wholeBlocks(type, bytes.length, "blockBytes");
  if (type === "F32") return new Float32Array(new Float32Array(...elements(bytes, count)));
  const bits = new Uint16Array(...elements(bytes, count));
  return type === "F16" ? float16ToFloat32(bits) : bfloat16ToFloat32(bits);
}

const isQuantized = (type: GgmlType): type is QuantizedGgmlType => type in CODINGS;

/** Arguments of a typed array of `count` elements over these bytes, which may be unaligned. */
function elements(bytes: Uint8Array, count: number): [ArrayBuffer, number, number] {
  const placed = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return [placed.buffer as ArrayBuffer, placed.byteOffset, count];
}
