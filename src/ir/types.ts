declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Index of a value in its graph. Branded, so a layer index can never be passed for one. */
export type ValueId = Brand<number, "ValueId">;

/** Dotted path of a module, as the checkpoint spells it: `bert.encoder.layer.0.attention.self.query`. */
export type ModulePath = string;

/**
 * A length known now, or the name of one known at run time (`batch`, `seq`), or a product of names (`batch*seq`).
 * Two dims are equal when written the same.
 */
export type Dim = number | string;

/** Dims, outermost first; `[]` is a scalar. */
export type Shape = readonly Dim[];

/** Element types a graph can carry. */
export type DType = "float32" | "float16" | "bfloat16" | "int64" | "int32" | "int8" | "uint8" | "bool";

/** Bytes of an element. */
export const ELEMENT_BYTES: Readonly<Record<DType, number>> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Type of a value before it is computed. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Type of a value while it is computed: the shape has numbers only. */
export interface ConcreteType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A value on the reference evaluator: float64 whatever its dtype, row-major. */
export interface Tensor {
  readonly data: Float64Array;
  readonly shape: readonly number[];
}
