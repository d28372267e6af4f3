import type { Graph, QuantizationScheme, Value } from "../../ir/graph.ts";
import type { TensorType } from "../../ir/types.ts";
import type { ScaledBlocks } from "../scaled-blocks.ts";
import type { SchemeName } from "../scheme-names.ts";

/** Shape of a linear layer's weight. */
export type MatrixShape = readonly [rows: number, columns: number];

/** Arrays that stand for one quantized weight, by part. */
export type QuantizedArrays = Readonly<Record<string, Float32Array | Int8Array | Uint8Array | Uint16Array>>;

/** A quantized weight in a graph. */
export interface QuantizedWeight {
  readonly graph: Graph;
  /** The weight's own shape. */
  readonly shape: MatrixShape;
  /** One of its parts, as a parameter that is made on first use. */
  part(name: string): Value;
}

/** Weights are quantized when they are read. */
export interface Quantizing<S extends QuantizationScheme> {
  readonly kind: "quantizing";
  /** Settings for a recipe. */
  settings(recipe: { readonly doubleQuant: boolean }): S;
  /**
   * Quantizes `w [rows, n / rows]`, row-major, which is not changed.
   * @throws {BlockSizeError | CheckpointError} when it cannot be split into blocks, or holds a number that is not finite.
   */
  quantize(w: Float32Array, rows: number, scheme: S): QuantizedArrays;
  /** Restores the `n` elements of a weight in float32. */
  dequantize(arrays: QuantizedArrays, scheme: S, n: number): Float32Array;
}

/** The checkpoint holds the weights quantized, and they are kept as they are. */
export interface Stored<S extends QuantizationScheme> {
  readonly kind: "stored";
  /** Arrays of the parts, from the blocks of the file. */
  arrays(blocks: ScaledBlocks, scheme: S): QuantizedArrays;
}

/** A quantization scheme: its parts, its codec, and what a graph computes with. */
export interface SchemeDefinition<S extends QuantizationScheme = QuantizationScheme> {
  readonly name: SchemeName;
  /** transformers.js' name of weights held so, by which ONNX files are named. */
  readonly onnxDtype: "bnb4" | "int8" | "q4";
  readonly codec: Quantizing<S> | Stored<S>;
  /**
   * Types of the tensors that stand for a weight, by part. Parameters are called `<weight>.<part>`, as in bitsandbytes'
   * state dicts where they have the part. Every scheme has `codes`, by which a weight is counted once.
   */
  parts(shape: MatrixShape, scheme: S): Readonly<Record<string, TensorType>> & { readonly codes: TensorType };
  /** `x · wᵀ + bias`: `x [rows, in]`, `w [out, in]` → `[rows, out]`. */
  linear(x: Value, w: QuantizedWeight, bias: Value | undefined, scheme: S): Value;
  /** The weight `[out, in]` in float32, for an op other than a linear layer. */
  dequantized(w: QuantizedWeight, scheme: S): Value;
}
