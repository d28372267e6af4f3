import { writeChunksAtomic } from "#platform";
import { CheckpointError } from "../../errors.ts";
import { GGML_TYPES, type GgmlType } from "./blocks/types.ts";

/** A value of a GGUF file's metadata. A number says its type; those of an array follow from it. */
export type GgufEntry =
  | string
  | boolean
  | { readonly uint32: number }
  | { readonly float32: number }
  | readonly string[]
  | Int32Array
  | Float32Array;

/** Metadata in the order in which it is written. */
export type GgufMetadata = Iterable<readonly [key: string, value: GgufEntry]>;

/** A tensor to be written, read when its turn has come. */
export interface GgufTensor {
  readonly name: string;
  readonly type: GgmlType;
  /** Row-major; the file lists it in reverse. */
  readonly shape: readonly number[];
  /** Its values, laid out as `type` says. */
  read(): Promise<Uint8Array>;
}

const ALIGNMENT = 32;
const VERSION = 3;
const MAX_NAME_BYTES = 63;

const UINT32 = 4;
const INT32 = 5;
const FLOAT32 = 6;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

/**
 * Writes a GGUF file, whole or not at all: version 3, little-endian, tensors on multiples of 32 bytes. One tensor is
 * held at a time.
 * @throws {CheckpointError} when a name is too long or occurs twice, or a tensor's bytes are not what its type and
 *   shape say.
 * @throws {FileError} when the folder cannot be written.
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export async function writeGguf(path: string, metadata: GgufMetadata, tensors: readonly GgufTensor[]): Promise<void> {
  await writeChunksAtomic(path, chunksOf(path, header(path, [...metadata], tensors), tensors));
}

/** Bytes of a tensor. */
export function ggufBytes({ type, shape }: Pick<GgufTensor, "type" | "shape">): number {
  const { blockSize, blockBytes } = GGML_TYPES[type];
  return (shape.reduce((product, dim) => product * dim, 1) / blockSize) * blockBytes;
}

function header(path: string, entries: readonly (readonly [string, GgufEntry])[], tensors: readonly GgufTensor[]) {
  const parts = [new TextEncoder().encode("GGUF"), u32(VERSION), u64(tensors.length), u64(entries.length)];
  for (const [key, value] of entries) parts.push(text(key), ...typedValue(value));
  const names = new Set<string>();
  let offset = 0;
  for (const tensor of tensors) {
    const name = text(tensor.name);
    if (name.length - 8 > MAX_NAME_BYTES || names.has(tensor.name)) {
      throw new CheckpointError(`${path}: the tensor name ${JSON.stringify(tensor.name)} cannot be written`, {
        expected: `at most ${MAX_NAME_BYTES} bytes, and no name twice`,
      });
    }
    names.add(tensor.name);
    const dims = tensor.shape.toReversed().map(u64);
    parts.push(name, u32(dims.length), ...dims, u32(GGML_TYPES[tensor.type].id), u64(offset));
    offset = aligned(offset + ggufBytes(tensor));
  }
  return padded(join(parts));
}

async function* chunksOf(path: string, header: Uint8Array, tensors: readonly GgufTensor[]) {
  yield header;
  for (const tensor of tensors) {
    const bytes = await tensor.read();
    if (bytes.length !== ggufBytes(tensor)) {
      const { name, type, shape } = tensor;
      throw new CheckpointError(
        `${path}: tensor "${name}" has ${bytes.length} bytes, but ${type} [${shape}] takes ${ggufBytes(tensor)}`,
      );
    }
    yield bytes;
    yield new Uint8Array(aligned(bytes.length) - bytes.length);
  }
}

/** A value's type, and the value. */
function typedValue(value: GgufEntry): Uint8Array[] {
  if (typeof value === "string") return [u32(STRING), text(value)];
  if (typeof value === "boolean") return [u32(BOOL), Uint8Array.of(value ? 1 : 0)];
  if ("uint32" in value) return [u32(UINT32), u32(value.uint32)];
  if ("float32" in value) return [u32(FLOAT32), view(Float32Array.of(value.float32))];
  const count = u64(value.length);
  if (value instanceof Int32Array) return [u32(ARRAY), u32(INT32), count, view(value)];
  if (value instanceof Float32Array) return [u32(ARRAY), u32(FLOAT32), count, view(value)];
  return [u32(ARRAY), u32(STRING), count, ...value.map(text)];
}

const u32 = (x: number): Uint8Array => view(Uint32Array.of(x));

const u64 = (x: number): Uint8Array => view(BigUint64Array.of(BigInt(x)));

const view = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** A length, and as many bytes of UTF-8. */
function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return join([u64(bytes.length), bytes]);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(aligned(bytes.length));
  whole.set(bytes);
  return whole;
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
