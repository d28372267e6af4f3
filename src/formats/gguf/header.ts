import { brief } from "../json/json.ts";
import { lookalike } from "../safetensors/lookalike.ts";
import { GGML_TYPES, type GgmlType, ggmlTypeOf } from "./blocks/types.ts";
import { GgufCursor } from "./cursor.ts";
import { type GgufValue, readValue, UINT32 } from "./values.ts";

/** A tensor as the header describes it. */
export interface GgufTensorInfo {
  readonly type: GgmlType;
  /** Row-major, as transformers has it: the reverse of how the file lists it. */
  readonly shape: readonly number[];
  /** Its first byte, counted from the start of the file. */
  readonly begin: number;
  readonly byteLength: number;
}

/** Contents of a checked header: the tensors follow each other without a gap, and end where the file does. */
export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** In the order in which they lie in the file. */
  readonly tensors: ReadonlyMap<string, GgufTensorInfo>;
}

const VERSIONS = [2, 3];
const MAX_KEY_BYTES = 65_535;
const MAX_NAME_BYTES = 64;
const MAX_DIMS = 4;
/** Most tensors, as in a safetensors file. */
const MAX_TENSORS = 100_000;
/** Most keys; files have 20 to 60. */
const MAX_KEYS = 10_000;
/** Fewest bytes of a key with its value: two lengths or types of 4 and 8 bytes, a letter, a byte. */
const KEY_BYTES = 14;
/** Fewest bytes of a tensor's description: a name of one letter, one dim. */
const TENSOR_BYTES = 33;
const DEFAULT_ALIGNMENT = 32;

const encoder = new TextEncoder();

/**
 * Parses and checks the header of a GGUF file.
 *
 * @param bytes The beginning of the file.
 * @param fileBytes Length of the whole file.
 * @throws {CheckpointError} naming the file and the key or tensor.
 * @throws {MoreNeeded} when the header goes on behind `bytes`.
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export function parseGgufHeader(bytes: Uint8Array, fileBytes: number, path: string): GgufHeader {
  const cursor = new GgufCursor(bytes, fileBytes, path);
  checkStart(cursor, bytes);
  const tensorCount = cursor.count("the number of tensors", TENSOR_BYTES);
  const keyCount = cursor.count("the number of metadata keys", KEY_BYTES);
  if (tensorCount > MAX_TENSORS)
    throw cursor.fail(`it lists ${tensorCount} tensors`, { expected: `at most ${MAX_TENSORS}` });
  if (keyCount > MAX_KEYS) throw cursor.fail(`it lists ${keyCount} metadata keys`, { expected: `at most ${MAX_KEYS}` });
  const { metadata, alignment } = readMetadata(cursor, keyCount);
  const described = readTensors(cursor, tensorCount);
  const dataStart = aligned(cursor.at, alignment);
  return { metadata, tensors: place(cursor, described, { dataStart, alignment, fileBytes }) };
}

function checkStart(cursor: GgufCursor, bytes: Uint8Array): void {
  if (cursor.take(4, "its first four bytes") !== 0 || String.fromCharCode(...bytes.subarray(0, 4)) !== "GGUF") {
    const other = lookalike(bytes);
    throw cursor.fail(`it is not a GGUF file${other ? `: it starts like ${other.what}` : ""}`, {
      expected: "GGUF as its first four bytes",
      ...(other && { hint: other.hint }),
    });
  }
  const version = cursor.u32("its version");
  if (VERSIONS.includes(version)) return;
  const swapped = (version & 0xffff) === 0;
  throw cursor.fail(swapped ? "it is big-endian" : `it is GGUF version ${version}`, {
    expected: `version ${VERSIONS.join(" or ")}, little-endian`,
    hint: swapped
      ? "gguf-convert-endian FILE little   converts it."
      : "convert the model again with a current llama.cpp.",
  });
}

function readMetadata(
  cursor: GgufCursor,
  count: number,
): { readonly metadata: Map<string, GgufValue>; readonly alignment: number } {
  const metadata = new Map<string, GgufValue>();
  let alignment = DEFAULT_ALIGNMENT;
  for (let i = 0; i < count; i++) {
    const key = cursor.string(`metadata key ${i}`);
    const quoted = brief(key);
    if (key === "") throw cursor.fail(`metadata key ${i} is empty`);
    if (encoder.encode(key).length > MAX_KEY_BYTES)
      throw cursor.fail(`metadata key ${i} is over ${MAX_KEY_BYTES} bytes long`);
    if (metadata.has(key)) throw cursor.fail(`metadata key ${quoted} occurs twice`);
    const type = cursor.u32(`the type of ${quoted}`);
    const value = readValue(cursor, type, quoted);
    if (key === "general.alignment") alignment = checkAlignment(cursor, type, value);
    metadata.set(key, value);
  }
  return { metadata, alignment };
}

function checkAlignment(cursor: GgufCursor, type: number, value: GgufValue): number {
  if (type === UINT32 && typeof value === "number" && value >= 8 && Number.isInteger(Math.log2(value))) return value;
  throw cursor.fail(`general.alignment is ${type === UINT32 ? value : "not a UINT32"}`, {
    expected: "a UINT32 that is a power of two, 8 or more",
  });
}

/** A tensor's description, its place not checked yet. */
interface Described extends Pick<GgufTensorInfo, "type" | "shape" | "byteLength"> {
  readonly name: string;
  readonly offset: bigint;
}

function readTensors(cursor: GgufCursor, count: number): readonly Described[] {
  const seen = new Set<string>();
  const described: Described[] = [];
  for (let i = 0; i < count; i++) {
    const name = cursor.string(`the name of tensor ${i}`);
    if (name === "") throw cursor.fail(`tensor ${i} has an empty name`);
    const length = encoder.encode(name).length;
    if (length > MAX_NAME_BYTES) {
      throw cursor.fail(`the name of tensor ${i} is ${length} bytes long`, { expected: `at most ${MAX_NAME_BYTES}` });
    }
    if (seen.has(name)) throw cursor.fail(`tensor ${JSON.stringify(name)} occurs twice`);
    seen.add(name);
    described.push(readTensor(cursor, name));
  }
  return described;
}

function readTensor(cursor: GgufCursor, name: string): Described {
  const quoted = `tensor ${JSON.stringify(name)}`;
  const what = `the description of ${quoted}`;
  const dims = cursor.u32(what);
  if (dims < 1 || dims > MAX_DIMS) throw cursor.fail(`${quoted} has ${dims} dims`, { expected: `1 to ${MAX_DIMS}` });
  const lengths = Array.from({ length: dims }, () => cursor.u64(what));
  const zero = lengths.indexOf(0n);
  if (zero !== -1) throw cursor.fail(`${quoted} has no elements: dim ${zero} is 0`);

  const type = readType(cursor, quoted, what);
  const shape = lengths.map(Number).reverse();
  const elements = lengths.reduce((product, length) => product * length, 1n);
  const { blockSize, blockBytes } = GGML_TYPES[type];
  const bytes = (elements / BigInt(blockSize)) * BigInt(blockBytes);
  if (elements > BigInt(Number.MAX_SAFE_INTEGER) || bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw cursor.fail(`${quoted} is too large: ${type} [${lengths.toReversed()}] exceeds 2^53`);
  }
  if (shape.at(-1)! % blockSize !== 0) {
    throw cursor.fail(`${quoted} has rows of ${shape.at(-1)}, which do not divide into ${type} blocks`, {
      expected: `a multiple of ${blockSize}`,
    });
  }
  return { name, type, shape, byteLength: Number(bytes), offset: cursor.u64(what) };
}

function readType(cursor: GgufCursor, quoted: string, what: string): GgmlType {
  const id = cursor.u32(what);
  const type = ggmlTypeOf(id);
  if (type) return type;
  const known = Object.entries(GGML_TYPES).map(([name, { id }]) => `${name} (${id})`);
  throw cursor.fail(`${quoted} is stored in ggml type ${id}`, {
    expected: known.join(", "),
    hint: "use a Q4_K_M, Q8_0 or F16 file of the model.",
  });
}

/** Bounds of the tensors' data. */
interface Room {
  readonly dataStart: number;
  readonly alignment: number;
  readonly fileBytes: number;
}

/** Each tensor must begin where the one before it ends, padded to the alignment, and the last one end the file. */
function place(cursor: GgufCursor, described: readonly Described[], room: Room): ReadonlyMap<string, GgufTensorInfo> {
  const { dataStart, alignment, fileBytes } = room;
  const tensors = new Map<string, GgufTensorInfo>();
  let [free, before] = [0, "the header"];
  for (const { name, offset, ...info } of described) {
    const quoted = `tensor ${JSON.stringify(name)}`;
    const where = `it begins at byte ${offset} of the data`;
    if (offset % BigInt(alignment) !== 0n) {
      throw cursor.fail(`${quoted} is not aligned`, { where, expected: `a multiple of ${alignment}` });
    }
    if (offset < BigInt(free)) throw cursor.fail(`${quoted} overlaps ${before}`, { where, expected: `byte ${free}` });
    if (offset > BigInt(free)) {
      throw cursor.fail(`a gap of ${offset - BigInt(free)} bytes before ${quoted}`, { where: `after ${before}` });
    }
    const begin = dataStart + free;
    if (begin + info.byteLength > fileBytes) throw endsInside(cursor, quoted, begin + info.byteLength, fileBytes);
    tensors.set(name, { ...info, begin });
    [free, before] = [aligned(free + info.byteLength, alignment), quoted];
  }
  const end = dataStart + free;
  if (fileBytes <= end) return tensors;
  throw cursor.fail(`${fileBytes - end} bytes after ${before} belong to no tensor`, { where: `from byte ${end} on` });
}

const endsInside = (cursor: GgufCursor, quoted: string, needed: number, fileBytes: number) =>
  cursor.fail(`the file is truncated: it ends inside ${quoted}`, {
    where: `the tensor ends at byte ${needed}, but the file has only ${fileBytes}`,
    hint: "copy or download it again.",
  });

const aligned = (bytes: number, alignment: number): number => Math.ceil(bytes / alignment) * alignment;
