import { OperandError } from "../../errors.ts";
import type { Lowering } from "../../ir/lowering.ts";
import type { Tensor, TensorType } from "../../ir/types.ts";
import type { ScaledFormat } from "../../quant/scaled-blocks.ts";
import { barrier } from "../core/barrier.ts";
import { defineOp, nonDifferentiable, type OpFunction } from "../core/define.ts";
import { timesTransposed } from "../core/loops.ts";
import { matMul } from "../nn/matmul.ts";
import { lowerUpcast } from "./upcast.ts";

/** A weight in blocks: of four bits two codes lie in a byte, the first in the low half; rows are whole numbers of blocks. */
export interface ScaledAttrs extends Pick<ScaledFormat, "bits" | "blockSize"> {
  /** The weight's own shape. */
  readonly shape: readonly [rows: number, columns: number];
}

interface Blocks<T> {
  readonly codes: T;
  readonly scales: T;
}

/**
 * `y = x · wᵀ + bias`, the frozen weight in blocks: `w = code · scale + offset`.
 *
 * Shapes: `x [rows, in]`; `codes [out·in / 2]` bytes, or `[out·in]` int8; `scales [blocks]`, or `[2, blocks]`: scales,
 * then offsets, maybe half floats → `y [rows, out]`. Codes of four bits count from 0 where there are offsets, else they
 * are signed. The backward pass dequantizes the weight again, late, so that it never lies dequantized between the passes.
 * @throws {OperandError} when shapes do not fit.
 * @see ggml's blocks of types Q4_0 to Q6_K, `ggml-common.h`.
 */
export const linearScaled: OpFunction<["x", "codes", "scales", "bias?"], ScaledAttrs> = defineOp({
  name: "LinearScaled",
  operands: ["x", "codes", "scales", "bias?"],
  rowwise: ["x"],
  infer({ x, codes, scales }, attrs) {
    checkBlocks("LinearScaled", { codes, scales }, attrs);
    return { dtype: x.dtype, shape: [x.shape[0] as number | string, attrs.shape[0]] };
  },
  vjp: {
    x: (dy, { codes, scales }, attrs) => matMul(dy, dequantizeScaled(barrier(codes, dy), scales, attrs), {}),
    codes: nonDifferentiable,
    scales: nonDifferentiable,
    bias: (dy) => dy,
  },
  reference: ({ x, codes, scales, bias }, _, attrs) => timesTransposed(x, dequantized({ codes, scales }, attrs), bias),
  lower(to, { x, codes, scales, bias }, { types, attrs }) {
    const w = lowerDequantized(to, { codes, scales }, types.scales, attrs);
    return to.node("Gemm", bias ? [x, w, bias] : [x, w], { attrs: { transB: 1 } });
  },
});

/** Dequantizes weights in blocks. Shapes as `linearScaled`'s → `w [out, in]`. @throws {OperandError} as `linearScaled`. */
export const dequantizeScaled: OpFunction<["codes", "scales"], ScaledAttrs> = defineOp({
  name: "DequantizeScaled",
  operands: ["codes", "scales"],
  infer(blocks, attrs) {
    checkBlocks("DequantizeScaled", blocks, attrs);
    return { dtype: "float32", shape: attrs.shape };
  },
  vjp: { codes: nonDifferentiable, scales: nonDifferentiable },
  reference: (blocks, _, attrs) => dequantized(blocks, attrs),
  lower: (to, blocks, { types, attrs }) => lowerDequantized(to, blocks, types.scales, attrs),
});

function checkBlocks(op: string, { codes, scales }: Blocks<TensorType>, { bits, blockSize, shape }: ScaledAttrs): void {
  const [rows, columns] = shape;
  const blocks = (rows * columns) / blockSize;
  const fits =
    columns % blockSize === 0 &&
    codes.shape.join() === `${(rows * columns * bits) / 8}` &&
    [`${blocks}`, `2,${blocks}`].includes(scales.shape.join());
  if (fits) return;
  const given = `codes [${codes.shape}], scales [${scales.shape}]`;
  throw new OperandError(op, `holds [${shape}] in blocks of ${blockSize}, ${bits} bits each; got ${given}`);
}

const haveOffsets = ({ shape }: { readonly shape: readonly unknown[] }): boolean => shape.length === 2;

/** Values of four bits: 0 to 15, or the two's complement of as many. */
const nibbles = (signed: boolean): number[] => Array.from({ length: 16 }, (_, i) => (signed && i > 7 ? i - 16 : i));

function dequantized({ codes, scales }: Blocks<Tensor>, { bits, blockSize, shape }: ScaledAttrs): Float64Array {
  const meaning = nibbles(!haveOffsets(scales));
  const blocks = scales.shape.at(-1)!;
  const code = (i: number): number =>
    bits === 8 ? codes.data[i]! : meaning[(codes.data[i >> 1]! >> (4 * (i & 1))) & 15]!;
  return new Float64Array(shape[0] * shape[1]).map((_, i) => {
    const block = Math.floor(i / blockSize);
    return code(i) * scales.data[block]! + (scales.data[blocks + block] ?? 0);
  });
}

function lowerDequantized(
  to: Lowering,
  { codes, scales }: Blocks<string>,
  type: TensorType,
  { bits, blockSize, shape }: ScaledAttrs,
): string {
  const offsets = haveOffsets(type);
  const values = bits === 8 ? to.node("UpcastInt8", [codes]) : lowerNibbles(to, codes, !offsets);
  const rows = to.node("Reshape", [values, to.ints([type.shape.at(-1) as number, blockSize])]);
  const upcastScales = lowerUpcast(to, scales, type.dtype);
  const column = (x: string): string => to.node("Unsqueeze", [x, to.ints([1])]);
  const row = (i: number): string => column(to.node("Gather", [upcastScales, to.constant("int64", [], [i])]));
  const weights = offsets
    ? to.node("Add", [to.node("Mul", [rows, row(0)]), row(1)])
    : to.node("Mul", [rows, column(upcastScales)]);
  return to.node("Reshape", [weights, to.ints(shape)]);
}

/** The two codes of each byte, side by side. */
function lowerNibbles(to: Lowering, codes: string, signed: boolean): string {
  const meaning = nibbles(signed);
  const pairs = Array.from({ length: 512 }, (_, i) => meaning[((i >> 1) >> (4 * (i & 1))) & 15] as number);
  return to.node("Gather", [to.constant("float32", [256, 2], pairs), to.node("Cast", [codes], { attrs: { to: 6 } })]);
}
