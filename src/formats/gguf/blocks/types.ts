import { BlockSizeError } from "../../../errors.ts";

/** Block layout of a ggml type: `blockSize` of them in `blockBytes` bytes. */
export interface GgmlLayout {
  /** The number that stands for the type in a file. */
  readonly id: number;
  readonly blockSize: number;
  readonly blockBytes: number;
}

/**
 * The types that are read, by ggml's names: floats, blocks of 32 with one scale (`_0`) or a scale and a minimum (`_1`),
 * and blocks of 256 whose scales are quantized too (`_K`).
 *
 * @see ggml, `enum ggml_type` and `ggml-common.h`
 */
export const GGML_TYPES = {
  F32: { id: 0, blockSize: 1, blockBytes: 4 },
  F16: { id: 1, blockSize: 1, blockBytes: 2 },
  BF16: { id: 30, blockSize: 1, blockBytes: 2 },
  Q4_0: { id: 2, blockSize: 32, blockBytes: 18 },
  Q4_1: { id: 3, blockSize: 32, blockBytes: 20 },
  Q5_0: { id: 6, blockSize: 32, blockBytes: 22 },
  Q5_1: { id: 7, blockSize: 32, blockBytes: 24 },
  Q8_0: { id: 8, blockSize: 32, blockBytes: 34 },
  Q4_K: { id: 12, blockSize: 256, blockBytes: 144 },
  Q5_K: { id: 13, blockSize: 256, blockBytes: 176 },
  Q6_K: { id: 14, blockSize: 256, blockBytes: 210 },
} as const satisfies Record<string, GgmlLayout>;

/** A type that is read. */
export type GgmlType = keyof typeof GGML_TYPES;

/** The type that `id` stands for, if it is among those that are read. */
export const ggmlTypeOf = (id: number): GgmlType | undefined =>
  (Object.keys(GGML_TYPES) as GgmlType[]).find((type) => GGML_TYPES[type].id === id);

/**
 * Number of blocks in `count` values or bytes.
 * @throws {BlockSizeError} when they are no whole number of blocks.
 */
export function wholeBlocks(type: GgmlType, count: number, unit: "blockSize" | "blockBytes"): number {
  const size = GGML_TYPES[type][unit];
  if (count % size === 0) return count / size;
  const what = unit === "blockSize" ? "values" : "bytes";
  throw new BlockSizeError(`${count} ${what} do not divide into ${type} blocks.`, {
    expected: `a multiple of ${size} ${what}`,
  });
}
