import type { FloatTensor } from "../formats/safetensors/tensors.ts";
import type { ParamValue } from "../ir/graph.ts";
import { transpose } from "../quant/transpose.ts";

/** A parameter, as far as files differ from graphs in it. */
export type StoredParam = Pick<ParamValue, "shape"> & { readonly origin: { readonly transposed?: boolean } };

/** The shape of a parameter in files: GPT-2's linear weights are stored the other way round. */
export const storedShape = ({ shape, origin }: StoredParam): readonly number[] =>
  (origin.transposed ? shape.toReversed() : shape) as number[];

/** A parameter's array as files have it. */
export const asStored = (param: StoredParam, data: Float32Array): FloatTensor => ({
  shape: storedShape(param),
  data: param.origin.transposed ? transpose(data, param.shape[0] as number) : data,
});

/** A parameter's array out of a file. */
export const fromStored = ({ shape, origin }: StoredParam, data: Float32Array): Float32Array =>
  origin.transposed ? transpose(data, shape[1] as number) : data;
