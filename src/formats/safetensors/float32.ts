import { CheckpointError } from "../../errors.ts";
import { nearest } from "../../nearest.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "../../quant/half.ts";
import type { TensorEntry } from "./safetensors.ts";

/**
 * Reads a stored tensor as float32. One that is stored so is read straight into the array that comes back;
 * F16 and BF16 convert exactly, F64 rounds to nearest.
 *
 * @throws {CheckpointError} when it is stored as integers or in 8 bits or fewer.
 */
export async function readFloat32(entry: TensorEntry): Promise<Float32Array> {
  const convert = CONVERT[entry.dtype];
  if (!convert) {
    throw new CheckpointError(`${entry.path}: tensor "${entry.name}" is stored as ${entry.dtype}`, {
      expected: Object.keys(CONVERT).join(", "),
    });
  }
  return convert((await entry.read()).buffer);
}

type Convert = (bytes: ArrayBuffer) => Float32Array;

const CONVERT: Readonly<Record<string, Convert>> = {
  F32: (bytes) => new Float32Array(bytes),
  F16: (bytes) => float16ToFloat32(new Uint16Array(bytes)),
  BF16: (bytes) => bfloat16ToFloat32(new Uint16Array(bytes)),
  F64: (bytes) => new Float32Array(new Float64Array(bytes)),
};

/**
 * `readFloat32` by name, from one set of tensors.
 * @throws {CheckpointError} for a name that is not there, with the nearest that is.
 */
export const float32Reader =
  (tensors: ReadonlyMap<string, TensorEntry>, folder: string) =>
  async (name: string): Promise<Float32Array> => {
    const entry = tensors.get(name);
    if (entry) return readFloat32(entry);
    const near = nearest(name, tensors.keys());
    throw new CheckpointError(`${folder} has no tensor "${name}" among its ${tensors.size}`, {
      ...(near && { hint: `the nearest name is "${near}".` }),
    });
  };
