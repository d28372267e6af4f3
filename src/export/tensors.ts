import type { StoredAdapter } from "../checkpoint/adapter.ts";
import { writeSafetensors } from "../checkpoint/safetensors.ts";

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

/** Reads one tensor of an adapter. */
export async function readTensor({ tensors, readFloat32 }: StoredAdapter, name: string): Promise<FloatTensor> {
  return { shape: tensors.get(name)?.shape ?? [], data: await readFloat32(name) };
}
