import { openFile, writeChunksAtomic } from "#platform";
import { CheckpointError } from "../../errors.ts";
import type { ScaledBlocks, ScaledFormat } from "../../quant/scaled-blocks.ts";
import { DTYPE_BITS, type Dtype } from "./dtype.ts";
import { headerBytes, PREFIX_BYTES, parseHeader, type TensorInfo } from "./safetensors-header.ts";

/** A stored tensor whose bytes have not been read yet. */
export interface TensorEntry {
  readonly name: string;
  /** The file that it is in. */
  readonly path: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** Its bytes, little-endian, row-major, in a buffer of their own that any typed array may view. */
  read(): Promise<Uint8Array<ArrayBuffer>>;
  /** Set where the file holds codes under scales, which `read` unpacks. */
  readonly blocks?: StoredBlocks;
}

/** A weight `[out, in]` of a linear layer as codes under scales, each row a whole number of blocks. */
export interface StoredBlocks {
  readonly format: ScaledFormat;
  read(): Promise<ScaledBlocks>;
}

/** A safetensors file: its header checked, its tensors still on disk. */
export interface SafetensorsFile {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order in which they lie in the file. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** A tensor to be written: its data, or how to read it when its turn has come (a `TensorEntry` will do). */
export type TensorSource = { readonly dtype: Dtype; readonly shape: readonly number[] } & (
  | { readonly data: ArrayBufferView }
  | { read(): Promise<Uint8Array> }
);

/**
 * Reads and checks the header of a safetensors file. No tensor is read, and none is allocated for.
 * @throws {FileError} when it is missing.
 * @throws {CheckpointError} when it is malformed in any way.
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openFile(path);
  try {
    const prefix = await file.read(0, Math.min(PREFIX_BYTES, file.size));
    const length = headerBytes(prefix, file.size, path);
    const start = PREFIX_BYTES + length;
    const header = parseHeader(await file.read(PREFIX_BYTES, length), file.size - start, path);
    const tensors = new Map<string, TensorEntry>();
    for (const [name, info] of header.tensors) tensors.set(name, entryOf(name, info, path, start, file.size));
    return { path, metadata: header.metadata, tensors };
  } finally {
    await file.close();
  }
}

function entryOf(name: string, info: TensorInfo, path: string, start: number, fileBytes: number): TensorEntry {
  const { dtype, shape, begin, end } = info;
  const read = async () => {
    const file = await openFile(path);
    try {
      if (file.size !== fileBytes) throw new CheckpointError(`${path} changed after its header was read`);
      return await file.read(start + begin, end - begin);
    } finally {
      await file.close();
    }
  };
  return { name, path, dtype, shape, byteLength: end - begin, read };
}

/**
 * Writes a safetensors file, whole or not at all, byte for byte as the Python and Rust libraries do.
 * Tensors that come with `read` are read one at a time.
 *
 * @param metadata Written in the order given; `{}` writes none.
 * @throws {CheckpointError} when a name occurs twice, or data do not have the length that dtype and shape say.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<readonly [name: string, tensor: TensorSource]>,
  metadata: Readonly<Record<string, string>> = { format: "pt" },
): Promise<void> {
  const sorted = sortAsStored(tensors);
  const header: string[] = Object.keys(metadata).length ? [`"__metadata__":${JSON.stringify(metadata)}`] : [];
  let end = 0;
  for (const [name, { dtype, shape }] of sorted) {
    const begin = end;
    end += byteLengthOf(dtype, shape);
    header.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
  }
  const text = new TextEncoder().encode(`{${header.join(",")}}`);
  const padded = new Uint8Array(Math.ceil(text.length / PREFIX_BYTES) * PREFIX_BYTES).fill(0x20);
  padded.set(text);
  parseHeader(padded, end, path); // what is written obeys the rules for what is read

  const prefix = new Uint8Array(PREFIX_BYTES);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(padded.length), true);
  await writeChunksAtomic(path, chunksOf(path, [prefix, padded], sorted));
}

const byteLengthOf = (dtype: Dtype, shape: readonly number[]): number =>
  shape.reduce((bits, dim) => bits * dim, DTYPE_BITS[dtype] as number) / 8;

async function* chunksOf(path: string, header: Uint8Array[], tensors: readonly (readonly [string, TensorSource])[]) {
  yield* header;
  for (const [name, tensor] of tensors) {
    const { buffer, byteOffset, byteLength } = "data" in tensor ? tensor.data : await tensor.read();
    const wanted = byteLengthOf(tensor.dtype, tensor.shape);
    if (byteLength !== wanted) {
      const type = `${tensor.dtype} [${tensor.shape}]`;
      throw new CheckpointError(`${path}: tensor "${name}" has ${byteLength} bytes, but ${type} takes ${wanted}`);
    }
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}

/** The last dtype of the format's own order first, then names by their UTF-8 bytes. */
function sortAsStored(
  tensors: Iterable<readonly [string, TensorSource]>,
): readonly (readonly [string, TensorSource])[] {
  const rank = Object.keys(DTYPE_BITS);
  return [...tensors].sort(
    ([a, { dtype: x }], [b, { dtype: y }]) => rank.indexOf(y) - rank.indexOf(x) || compareUtf8(a, b),
  );
}

/** UTF-8 orders as code points do; JavaScript's `<` puts U+10000 and above before U+E000. */
function compareUtf8(a: string, b: string): number {
  const [x, y] = [[...a], [...b]];
  const i = x.findIndex((character, k) => character !== y[k]);
  if (i === -1) return x.length - y.length;
  return i < y.length ? x[i]!.codePointAt(0)! - y[i]!.codePointAt(0)! : 1;
}
