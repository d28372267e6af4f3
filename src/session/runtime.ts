import type { InferenceSessionFactory, Tensor, TensorConstructor } from "onnxruntime-common";
import type { Elements, RuntimeTensor } from "./session.ts";

/** A build of ONNX Runtime: onnxruntime-node's module, or onnxruntime-web's. */
export interface Runtime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
}

/** A tensor on the host as ONNX Runtime takes it; its array is not copied. */
export const toTensor = ({ Tensor }: Runtime, { dtype, data, shape }: RuntimeTensor): Tensor =>
  new Tensor((data instanceof Uint16Array ? "uint16" : dtype) as Tensor.Type, data as Tensor.DataType, [...shape]);

/**
 * A tensor as graphs for a device are fed it: half floats and `int8`, which no tensor on a device has, as their bytes, of half
 * floats with a last dim of 2.
 */
export function toDeviceType({ dtype, shape, data }: RuntimeTensor): RuntimeTensor {
  if (!(data instanceof Uint16Array || data instanceof Int8Array)) return { dtype, shape, data };
  const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT: width } = data;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return { dtype: "uint8", shape: width === 1 ? shape : [...shape, width], data: bytes };
}

/** A tensor of ONNX Runtime that lies on the host. */
export const fromTensor = (tensor: Tensor): RuntimeTensor => ({
  dtype: tensor.type as RuntimeTensor["dtype"],
  shape: tensor.dims,
  data: tensor.data as Elements,
});
