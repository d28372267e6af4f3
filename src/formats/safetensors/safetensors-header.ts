import { CheckpointError } from "../../errors.ts";
import { brief } from "../json/json.ts";
import { DTYPE_BITS, type Dtype, isDtype, tensorBits } from "./dtype.ts";
import { type HeaderJson, parseHeaderJson } from "./header-json.ts";
import { lookalike } from "./lookalike.ts";

/** Bytes before the header: its length, unsigned 64-bit little-endian. */
export const PREFIX_BYTES = 8;
/** Longest header that is read: one of 100,000 tensors takes about 15 MB. */
export const MAX_HEADER_BYTES = 32_000_000;
/** Most tensors in a file: models of several hundred billion parameters have 100,000 in all of their shards. */
const MAX_TENSORS = 100_000;
/** Longest name of a tensor; paths of modules have up to 150 characters. */
const MAX_NAME = 1000;
/** Most dims of a tensor, as in NumPy. */
const MAX_DIMS = 64;
const METADATA = "__metadata__";

/** Position of a tensor: bytes `begin` to `end` after the header. */
export interface TensorInfo {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Contents of a checked header: tensors in the order of their bytes, which they fill without a gap. */
export interface Header {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

/**
 * Length of the header in bytes, from the first 8 bytes of a file.
 * @param fileBytes Length of the whole file.
 * @throws {CheckpointError} when no such header fits, before anyone allocates for it; says what the file is instead,
 *   if it starts like something known.
 */
export function headerBytes(prefix: Uint8Array, fileBytes: number, path: string): number {
  if (prefix.length < PREFIX_BYTES) {
    throw new CheckpointError(`${path} is truncated: ${fileBytes} bytes cannot hold a safetensors header`);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length <= MAX_HEADER_BYTES && PREFIX_BYTES + Number(length) <= fileBytes) return Number(length);
  const other = lookalike(prefix);
  if (other) throw new CheckpointError(`${path} is not a safetensors file: it starts like ${other.what}`, other);
  throw length > MAX_HEADER_BYTES
    ? new CheckpointError(`${path} claims a header of ${length} bytes; the limit is ${MAX_HEADER_BYTES}`, {
        hint: "the file is damaged or is not safetensors; no memory was allocated for it.",
      })
    : new CheckpointError(
        `${path} is truncated: its header needs ${length} bytes, but the file has only ${fileBytes} in total`,
      );
}

/**
 * Parses and checks a whole header: every tensor's type, shape and place, and that together they fill the data.
 * @param bytes The header alone.
 * @param dataBytes Length of what follows it in the file.
 * @throws {CheckpointError} naming the file and the tensor.
 * @see https://github.com/huggingface/safetensors#format
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, path: string): Header {
  const entries = parseObject(bytes, path);
  if (entries.size > MAX_TENSORS) {
    throw new CheckpointError(`${path} lists ${entries.size} tensors`, { expected: `at most ${MAX_TENSORS}` });
  }
  const metadata = readMetadata(entries.get(METADATA), path);
  const tensors = [...entries]
    .filter(([name]) => name !== METADATA)
    .map(([name, entry]): [string, TensorInfo] => [name, readInfo(name, entry, path)])
    .sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  checkOffsets(tensors, dataBytes, path);
  return { metadata, tensors: new Map(tensors) };
}

function parseObject(bytes: Uint8Array, path: string): ReadonlyMap<string, HeaderJson> {
  const malformed = (why: string, cause?: unknown) =>
    new CheckpointError(`${path} has a malformed safetensors header: ${why}`, { cause });
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw malformed("it is not UTF-8", cause);
  }
  if (!text.startsWith("{")) throw malformed("it does not begin with {");
  try {
    return parseHeaderJson(text) as ReadonlyMap<string, HeaderJson>;
  } catch (cause) {
    throw malformed((cause as SyntaxError).message, cause);
  }
}

function readMetadata(entry: HeaderJson | undefined, path: string): Record<string, string> {
  if (entry === undefined || entry === null) return {}; // MLX writes null
  if (!(entry instanceof Map) || [...entry.values()].some((value) => typeof value !== "string")) {
    throw new CheckpointError(`${path}: ${METADATA} must map strings to strings`);
  }
  return Object.fromEntries(entry);
}

function readInfo(name: string, entry: HeaderJson, path: string): TensorInfo {
  const bad = (what: string, expected?: string) =>
    new CheckpointError(`${path}: tensor ${JSON.stringify(name)} ${what}`, expected ? { expected } : {});
  if (name.length > MAX_NAME) {
    throw new CheckpointError(`${path}: the name of a tensor is ${name.length} characters long`, {
      where: `it begins ${JSON.stringify(name.slice(0, 40))}`,
      expected: `at most ${MAX_NAME}`,
    });
  }
  if (!(entry instanceof Map)) throw bad("is not described by an object");

  const [dtype, shape, offsets] = ["dtype", "shape", "data_offsets"].map((key) => entry.get(key));
  if (!isDtype(dtype)) {
    throw bad(`has dtype ${dtype === undefined ? "missing" : brief(dtype)}`, Object.keys(DTYPE_BITS).join(", "));
  }
  if (!isIntegers(shape)) throw bad("has no shape", "a list of non-negative integers");
  if (shape.length > MAX_DIMS) throw bad(`has ${shape.length} dims`, `at most ${MAX_DIMS}`);
  if (!isIntegers(offsets) || offsets.length !== 2) throw bad("has no data_offsets", "[begin, end]");

  const [begin, end] = offsets as [number, number];
  if (begin > end) throw bad(`ends before it begins: data_offsets [${begin}, ${end}]`);
  const bits = tensorBits(dtype, shape);
  if (bits === undefined) throw bad(`is too large: ${dtype} [${shape}] is past 2^53 bits`);
  if (bits !== 8 * (end - begin)) {
    throw bad(`has ${end - begin} bytes, but ${dtype} [${shape}] takes ${bits / 8}`);
  }
  return { dtype, shape, begin, end };
}

const isIntegers = (value: HeaderJson | undefined): value is readonly number[] =>
  Array.isArray(value) && value.every((item) => typeof item === "number");

/** Tensors in order of place must follow each other exactly and end where the file does. */
function checkOffsets(tensors: readonly [string, TensorInfo][], dataBytes: number, path: string): void {
  let end = 0;
  let before = "the header";
  for (const [name, info] of tensors) {
    const quoted = JSON.stringify(name);
    if (info.begin < end) {
      throw new CheckpointError(`${path}: tensor ${quoted} overlaps tensor ${before}`, {
        where: `bytes ${info.begin} to ${end} of the data`,
      });
    }
    if (info.begin > end) {
      throw new CheckpointError(`${path}: a gap of ${info.begin - end} bytes before tensor ${quoted}`, {
        where: `after ${before}, bytes ${end} to ${info.begin} of the data`,
      });
    }
    if (info.end > dataBytes) {
      throw new CheckpointError(`${path} is truncated: it ends inside tensor ${quoted}`, {
        where: `the tensor takes data bytes ${info.begin} to ${info.end}, but the file has only ${dataBytes}`,
        hint: "copy or download it again.",
      });
    }
    [end, before] = [info.end, quoted];
  }
  if (end < dataBytes) {
    throw new CheckpointError(`${path}: ${dataBytes - end} bytes after the last tensor belong to no tensor`, {
      where: `bytes ${end} to ${dataBytes} of the data`,
    });
  }
}
