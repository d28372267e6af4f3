import { AdapterError } from "../errors.ts";
import { bytesOf, type FloatDtype, isFloatDtype } from "../formats/safetensors/float-bytes.ts";
import type { TensorEntry, TensorSource } from "../formats/safetensors/safetensors.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import { type Scheme, throughQuantization } from "../quant/schemes/index.ts";
import { transpose } from "../quant/transpose.ts";
import type { PlannedTensor } from "./merge-plan.ts";

/** A base model that was packed in training. */
export interface QuantizedBase {
  readonly packing: Scheme;
  /**
   * Names of the weights that were packed, all of which are written as they were unpacked. Default: those that the
   * adapter updates; the others then keep the precision that training did not see.
   */
  readonly params?: Iterable<string>;
}

/** Sources and types of merged tensors. */
export interface MergeSources {
  readonly base: Checkpoint;
  /** Type of the tensors that the merge changes. Default: the base's own. */
  readonly dtype?: FloatDtype;
  readonly quantized?: QuantizedBase;
}

/** The type of the weights that a merge updates, for those that the base does not have. */
export const usualDtype = (tensors: readonly PlannedTensor[]): FloatDtype =>
  dtypeOf(tensors.find(({ entry, update }) => entry && update)?.entry) ?? "F32";

const dtypeOf = (entry: TensorEntry | undefined): FloatDtype | undefined =>
  entry && isFloatDtype(entry.dtype) ? entry.dtype : undefined;

/**
 * A tensor that is read, merged and rounded when its turn to be written has come; one that stays is the base's entry.
 * @throws {AdapterError} on reading, when merging gives what is no number in the type asked for.
 */
export function mergedSource(tensor: PlannedTensor, sources: MergeSources, usual: FloatDtype): TensorSource {
  const { base, dtype: requestedDtype, quantized } = sources;
  const { name, entry, whole, update, packed } = tensor;
  if (entry && !whole && !update && !packed) return entry;
  const dtype = requestedDtype ?? dtypeOf(entry) ?? usual;
  const read = async (): Promise<Uint8Array> => {
    const w = whole ? whole.data.slice() : await base.readFloat32(entry?.name ?? name);
    const merged = compute(w, tensor, quantized);
    checkFinite(merged, dtype, name);
    return bytesOf(merged, dtype);
  };
  return { dtype, shape: (whole ?? entry)?.shape ?? [], read };
}

function compute(w: Float32Array, tensor: PlannedTensor, quantized: QuantizedBase | undefined): Float32Array {
  const { entry, whole, update, packed, transposed } = tensor;
  if (!update && !packed) return w;
  const [first = 1] = (whole ?? entry)?.shape ?? [];
  const rows = transposed ? w.length / first : first;
  let weight = transposed ? transpose(w, first) : w;
  if (packed && quantized) weight = throughQuantization(weight, rows, quantized.packing);
  update?.merge(weight);
  return transposed ? transpose(weight, rows) : weight;
}

/** From here on a half float is infinite. */
const TOO_LARGE: Readonly<Record<FloatDtype, number>> = {
  F16: 65520,
  ...{ BF16: Number.POSITIVE_INFINITY, F32: Number.POSITIVE_INFINITY, F64: Number.POSITIVE_INFINITY },
};

function checkFinite(merged: Float32Array, dtype: FloatDtype, name: string): void {
  const limit = TOO_LARGE[dtype];
  for (let i = 0; i < merged.length; i++) {
    if (Math.abs(merged[i]!) < limit) continue;
    throw new AdapterError(`the merged weight ${name} contains ${merged[i]}, which ${dtype} cannot represent`, {
      hint: "the adapter's training diverged, or it was trained on another base; for large values, use BF16 or F32.",
    });
  }
}
