import { parseBoundedJson } from "../../bounded-json.ts";
import { CheckpointError } from "../../errors.ts";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "../../quant/half.ts";
import { isObject, type JsonObject } from "../json/json.ts";
import { readFloat32 } from "../safetensors/float32.ts";
import type { TensorEntry } from "../safetensors/safetensors.ts";

const STATE = /^(.+)\.quant_state\.bitsandbytes__(?:nf4|fp4)$/;
/** Endings of the names of a four-bit weight's other parts. */
const PARTS = [".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map"];
/** Longest description of a weight; they have about 160 bytes. */
const MAX_STATE_BYTES = 10_000;
/** bitsandbytes' own factor for `1 / 127`. */
const PER_STEP = 7.874015718698502e-3;

type Tensors = ReadonlyMap<string, TensorEntry>;

/**
 * The tensors of a model that bitsandbytes quantized, its weights as float32: what it computes with when it dequantizes them.
 * Four bits: codes, the map that they point into, and scales of blocks, which may be quantized themselves. Blocks run over
 * the flat tensor, across its rows; bitsandbytes' CPU kernel alone starts one with every row, and misreads such weights.
 * Eight bits: a scale for each row.
 *
 * @throws {CheckpointError} naming the weight whose parts are missing or do not fit each other.
 * @see bitsandbytes, `QuantState.as_dict` and `dequantize_4bit` in functional.py
 */
export async function readBitsandbytes(tensors: Tensors): Promise<Tensors> {
  const read = new Map<string, TensorEntry>();
  const parts = new Set<string>();
  for (const [name, entry] of tensors) {
    const [, weight] = STATE.exec(name) ?? [];
    if (weight !== undefined) {
      for (const part of [name, ...PARTS.map((suffix) => weight + suffix)]) parts.add(part);
      read.set(weight, await fourBitEntry(weight, entry, tensors));
    }
    const module = name.endsWith(".SCB") ? name.slice(0, -".SCB".length) : undefined;
    if (module === undefined) continue;
    for (const part of [name, `${module}.weight_format`]) parts.add(part);
    read.set(`${module}.weight`, eightBitEntry(`${module}.weight`, entry, tensors));
  }
  for (const [name, entry] of tensors) if (!parts.has(name) && !read.has(name)) read.set(name, entry);
  return read;
}

/** The `quant_state` of a four-bit weight. */
interface State {
  readonly shape: readonly number[];
  readonly blockSize: number;
  readonly dtype: string;
  /** Settings of scales that are quantized themselves. */
  readonly nested?: { readonly blockSize: number; readonly offset: number };
}

async function fourBitEntry(name: string, entry: TensorEntry, tensors: Tensors): Promise<TensorEntry> {
  const { shape, blockSize, dtype, nested } = await readState(name, entry);
  const count = shape.reduce((product, dim) => product * dim, 1);
  const part = partsOf(name, tensors);
  const blocks = Math.ceil(count / blockSize);
  const codes = part("", "U8", Math.ceil(count / 2));
  const map = part(".quant_map", "F32", 16);
  const scales = part(".absmax", nested ? "U8" : "F32", blocks);
  const outer = nested && {
    map: part(".nested_quant_map", "F32", 256),
    scales: part(".nested_absmax", "F32", Math.ceil(blocks / nested.blockSize)),
  };

  const readScales = async (): Promise<Float32Array> => {
    if (!nested || !outer) return readFloat32(scales);
    const [values, steps, absmax] = [
      await readFloat32(outer.map),
      await scales.read(),
      await readFloat32(outer.scales),
    ];
    return Float32Array.from(
      steps,
      (step, i) => Math.fround(values[step]! * absmax[Math.floor(i / nested.blockSize)]!) + nested.offset,
    );
  };
  const values = async (): Promise<Float32Array> => {
    const [packed, levels, absmax] = [await codes.read(), await readFloat32(map), await readScales()];
    const x = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const pair = packed[i >> 1]!;
      x[i] = levels[i & 1 ? pair & 15 : pair >> 4]! * absmax[Math.floor(i / blockSize)]!;
    }
    return rounded(x, dtype);
  };
  return float32Entry(name, shape, codes, values);
}

function eightBitEntry(name: string, scales: TensorEntry, tensors: Tensors): TensorEntry {
  const [rows = 0, columns = 0, ...more] = tensors.get(name)?.shape ?? [];
  if (more.length > 0) throw wrong(name, scales.path, "is not a matrix", "[out, in]");
  const codes = partsOf(name, tensors)("", "I8", rows * columns);
  const rowScales = partsOf(scales.name, tensors)("", "F32", rows);
  const values = async (): Promise<Float32Array> => {
    const [steps, absmax] = [new Int8Array((await codes.read()).buffer), await readFloat32(rowScales)];
    return Float32Array.from(steps, (step, i) => Math.fround(step * absmax[Math.floor(i / columns)]!) * PER_STEP);
  };
  return float32Entry(name, [rows, columns], codes, values);
}

const float32Entry = (
  name: string,
  shape: readonly number[],
  { path }: TensorEntry,
  values: () => Promise<Float32Array>,
): TensorEntry => ({
  ...{ name, path, shape, dtype: "F32" },
  byteLength: 4 * shape.reduce((product, dim) => product * dim, 1),
  read: async () => new Uint8Array((await values()).buffer as ArrayBuffer),
});

/** Values in the precision that the weight had before, which bitsandbytes dequantizes to. */
function rounded(x: Float32Array, dtype: string): Float32Array {
  if (dtype === "float16") return float16ToFloat32(float32ToFloat16(x));
  return dtype === "bfloat16" ? bfloat16ToFloat32(float32ToBfloat16(x)) : x;
}

/** A part of a weight, by what is added to its name; its type and length are checked. */
const partsOf =
  (name: string, tensors: Tensors) =>
  (suffix: string, dtype: string, count: number): TensorEntry => {
    const entry = tensors.get(name + suffix);
    const found = entry?.shape.reduce((product, dim) => product * dim, 1);
    if (entry?.dtype === dtype && found === count) return entry;
    const what = entry ? `is ${entry.dtype} [${entry.shape}]` : "is missing";
    throw wrong(name + suffix, (entry ?? tensors.get(name))?.path, what, `${count} elements of type ${dtype}`);
  };

async function readState(name: string, entry: TensorEntry): Promise<State> {
  const state = entry.byteLength <= MAX_STATE_BYTES ? parsed(await entry.read()) : {};
  const { shape, blocksize, dtype, nested_blocksize: outer, nested_offset: offset } = state;
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1;
  const isNested = "nested_offset" in state;
  const fits =
    Array.isArray(shape) && shape.length <= 8 && shape.every(isCount) && isCount(blocksize) && typeof dtype === "string" &&
    (!isNested || (isCount(outer) && Number.isFinite(offset))); // biome-ignore format: conditions
  if (!fits) {
    throw wrong(
      name,
      entry.path,
      "has a quant_state that cannot be read",
      "shape, blocksize and dtype, and for nested scales nested_blocksize and nested_offset",
    );
  }
  const nested = isNested && { nested: { blockSize: outer as number, offset: offset as number } };
  return { shape, blockSize: blocksize as number, dtype: dtype as string, ...nested };
}

function parsed(bytes: Uint8Array): JsonObject {
  try {
    const value = parseBoundedJson(bytes);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

const wrong = (name: string, path: string | undefined, what: string, expected: string): CheckpointError =>
  new CheckpointError(`the quantized tensor ${name} ${what}`, {
    ...(path && { where: path }),
    expected,
    hint: "download the checkpoint again, or use the unquantized one.",
  });
