import { openFile } from "#platform";
import { CheckpointError } from "../../errors.ts";
import type { ScaledBlocks } from "../../quant/scaled-blocks.ts";
import { decodeGgml, dequantizeGgml, type QuantizedGgmlType } from "./blocks/dequantize.ts";
import { MoreNeeded } from "./cursor.ts";
import { type GgufHeader, type GgufTensorInfo, parseGgufHeader } from "./header.ts";

/** Longest header that is read; a vocabulary of 262,144 tokens takes 7 MB, one of 200,000 with its merges 15 MB. */
const MAX_HEADER_BYTES = 64_000_000;
const FIRST_READ_BYTES = 2 ** 23;

/** A GGUF file: its header checked, its tensors still on disk. */
export interface GgufFile extends GgufHeader {
  readonly path: string;
  /** A tensor's values as the file has them, row-major, in an array of their own. */
  read(tensor: GgufTensorInfo): Promise<Float32Array<ArrayBuffer>>;
  /** The codes and scales of a quantized tensor as the file has them. */
  readBlocks(tensor: GgufTensorInfo): Promise<ScaledBlocks>;
}

/**
 * Reads and checks the header of a GGUF file, of any size. No tensor is read, and none is allocated for.
 * @throws {FileError} when it is missing.
 * @throws {CheckpointError} when it is malformed in any way.
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const file = await openFile(path);
  try {
    for (let length = FIRST_READ_BYTES; ; ) {
      const begin = await file.read(0, Math.min(length, file.size, MAX_HEADER_BYTES));
      try {
        const header = parseGgufHeader(begin, file.size, path);
        const bytes = (tensor: GgufTensorInfo) => readBytes(path, tensor, file.size);
        return {
          path,
          ...header,
          read: async (tensor) => dequantizeGgml(tensor.type, await bytes(tensor)) as Float32Array<ArrayBuffer>,
          readBlocks: async (tensor) => decodeGgml(tensor.type as QuantizedGgmlType, await bytes(tensor)),
        };
      } catch (error) {
        if (!(error instanceof MoreNeeded)) throw error;
        length = Math.max(4 * begin.length, error.bytes);
        if (error.bytes > MAX_HEADER_BYTES) throw tooLong(path);
      }
    }
  } finally {
    await file.close();
  }
}

const tooLong = (path: string) =>
  new CheckpointError(`${path}: its header is longer than ${MAX_HEADER_BYTES} bytes, the limit`, {
    hint: "the file is damaged or is not a model.",
  });

async function readBytes(path: string, { begin, byteLength }: GgufTensorInfo, fileBytes: number): Promise<Uint8Array> {
  const file = await openFile(path);
  try {
    if (file.size !== fileBytes) throw new CheckpointError(`${path} changed after its header was read`);
    return await file.read(begin, byteLength);
  } finally {
    await file.close();
  }
}
