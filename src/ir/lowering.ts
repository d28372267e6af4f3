import type { DType, Shape } from "./types.ts";

/** An ONNX attribute: integers and floats are told apart by `float()`. */
export type OnnxAttr = number | string | readonly number[] | OnnxFloat;

/** A float attribute, which JavaScript's numbers cannot say by themselves. */
export interface OnnxFloat {
  readonly float: number;
}

/** Marks a number as an ONNX float attribute. */
export const float = (value: number): OnnxFloat => ({ float: value });

/** Settings of an emitted node. */
export interface OnnxNodeOptions {
  readonly attrs?: Readonly<Record<string, OnnxAttr>>;
  /** `com.microsoft` for ONNX Runtime's own ops; default: the ONNX standard. */
  readonly domain?: "com.microsoft";
}

/**
 * Operators that stand in no version of ONNX: each target writes them with operators that it has.
 *
 * - `Barrier [x, after, past?]`: `x`, but not before `after` is known. `rank` is that of `after`, `dtype` that of `x`. `past` is the
 *   name of a vector that is longer than any shape, which hides the rank of the result.
 * - `SliceAfter [x, after…]`: rows `start … end − 1` of `x`, but not before all of `after` are known.
 * - `InverseRms [x, w]`: `1 / √(mean(x²) + epsilon)` over the last dim, which becomes 1; `w` is the weight of the normalization.
 * - `RotaryAngles [positions, frequencies, beyond?]`: `positions [rows]` integers times `frequencies [1, half]` → `[rows, half]`;
 *   times `beyond` where a position of the batch is `length` or more.
 * - `Indicator [condition]`: 1 where a condition on integers holds, else 0, as int64.
 * - `BlockBoundary [seq]`: the first row of the block number `block` of a sequence in `blocks` nearly equal blocks.
 * - `BlockStart [start, seq]`, `BlockEnd [end, start]`: first row that a block computes, and first row that it no longer does. A target
 *   whose kernels take no empty tensors gives a block without rows the last row of the sequence.
 * - `JoinBlocks [seq, block…]`: the rows of all blocks `[batch, heads, rows, width]`, and no further ones.
 * - `GreatestEntry [logits, peak, top?, entry?]`: for each row, the entry of the vocabulary with the greatest of some `logits [rows, n]`, which
 *   is `peak [rows, 1]`; they are those of the entries `start … end − 1`. Where `peak` is not above `top`, the greatest so far, it is the `entry` so far. As
 *   `[rows, 1]` in a type of the target's choice.
 * - `EntryIds [entry]`: entries as integers `[rows]`.
 * - `UpcastHalf [x]`: half floats of ONNX's element type `from`, as they are fed, to float32.
 * - `UpcastInt8 [x]`: signed bytes, as they are fed, to float32.
 * - `DequantizeRows [codes, scales]`: signed bytes `[rows, columns]` times `scales [rows]` → float32.
 */
export type PseudoOperator =
  | "Barrier"
  | "SliceAfter"
  | "InverseRms"
  | "RotaryAngles"
  | "Indicator"
  | "BlockBoundary"
  | "BlockStart"
  | "BlockEnd"
  | "JoinBlocks"
  | "GreatestEntry"
  | "EntryIds"
  | "UpcastHalf"
  | "UpcastInt8"
  | "DequantizeRows";

/**
 * Interface with which an op writes its ONNX form. Values are names. Equal nodes on equal inputs are emitted once, so a rule of
 * the backward pass may ask again for what the forward pass computed.
 */
export interface Lowering {
  /** Emits one node and returns its first output. An empty input name leaves an optional input out. */
  node(opType: string, inputs: readonly string[], options?: OnnxNodeOptions): string;
  /** Output number `index` of a node with several. */
  output(index: number, opType: string, inputs: readonly string[], options?: OnnxNodeOptions): string;
  /** A constant of the given shape. */
  constant(dtype: DType, shape: readonly number[], data: ArrayLike<number>): string;
  /** A float32 scalar. */
  scalar(value: number): string;
  /** An int64 vector. */
  ints(values: readonly number[]): string;
  /** An int64 vector holding the run-time lengths of `shape`. */
  shape(shape: Shape): string;
}
