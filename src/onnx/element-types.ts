import { TensorProto_DataType as DataType } from "onnx-buf";
import type { DType } from "../ir/types.ts";

const TYPES: Readonly<Record<DType, DataType>> = {
  float32: DataType.FLOAT,
  float16: DataType.FLOAT16,
  bfloat16: DataType.BFLOAT16,
  int64: DataType.INT64,
  int32: DataType.INT32,
  int8: DataType.INT8,
  uint8: DataType.UINT8,
  bool: DataType.BOOL,
};

/** ONNX's number for an element type. @param halvesAsBits Whether half floats are told as their bits. */
export const elementType = (dtype: DType, halvesAsBits = false): DataType =>
  halvesAsBits && dtype.endsWith("float16") ? DataType.UINT16 : TYPES[dtype];

const BYTES: ReadonlyMap<DataType, number> = new Map([
  [DataType.FLOAT, 4],
  [DataType.FLOAT16, 2],
  [DataType.BFLOAT16, 2],
  [DataType.UINT16, 2],
  [DataType.INT64, 8],
  [DataType.INT32, 4],
  [DataType.INT8, 1],
  [DataType.UINT8, 1],
  [DataType.BOOL, 1],
  [DataType.DOUBLE, 8],
]);

/** Bytes of an element, by ONNX's number for its type. @throws {RangeError} for a type that is not used here. */
export function elementBytes(type: DataType): number {
  const bytes = BYTES.get(type);
  if (bytes === undefined) throw new RangeError(`no element is of ONNX's type ${type}`);
  return bytes;
}

/** Little-endian bytes of a constant. @throws {RangeError} for types that constants do not have. */
export function encodeElements(dtype: DType, values: readonly number[]): Uint8Array<ArrayBuffer> {
  switch (dtype) {
    case "float32":
      return new Uint8Array(Float32Array.from(values).buffer);
    case "int64":
      return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    case "int32":
      return new Uint8Array(Int32Array.from(values).buffer);
    case "int8":
      return new Uint8Array(Int8Array.from(values).buffer);
    case "uint8":
    case "bool":
      return Uint8Array.from(values);
    default:
      throw new RangeError(`constants are not written in ${dtype}`);
  }
}
