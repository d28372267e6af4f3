import { AdapterError } from "../../errors.ts";
import { firstNonFinite } from "../../quant/non-finite.ts";
import type { StoredAdapter } from "./adapter.ts";
import { writeSafetensors } from "./safetensors.ts";

/** A float32 tensor in memory, row-major. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Tensors with their names; a `Map` is one. */
export type NamedTensors = Iterable<readonly [name: string, tensor: FloatTensor]>;

/** Writes float32 tensors as a safetensors file, whole or not at all; `metadata` as `writeSafetensors` takes it. */
export function writeTensors(path: string, tensors: NamedTensors, metadata?: Record<string, string>): Promise<void> {
  const typed = [...tensors].map(([name, tensor]) => [name, { dtype: "F32", ...tensor }] as const);
  return writeSafetensors(path, typed, metadata);
}

/**
 * Reads one tensor of an adapter.
 * @throws {AdapterError} when it holds what is no finite number.
 */
export async function readTensor({ tensors, readFloat32 }: StoredAdapter, name: string): Promise<FloatTensor> {
  const { shape = [], path } = tensors.get(name) ?? {};
  const data = await readFloat32(name);
  const odd = firstNonFinite(data);
  if (odd === undefined) return { shape, data };
  throw new AdapterError(`the adapter's tensor ${name} contains ${data[odd]}`, {
    where: `${path}: element ${odd}`,
    expected: "finite numbers",
    hint: "its training diverged; use an earlier checkpoint.",
  });
}
