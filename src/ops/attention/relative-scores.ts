import { OperandError } from "../../errors.ts";
import type { Lowering } from "../../ir/lowering.ts";
import type { Dim, TensorType } from "../../ir/types.ts";
import { defineOp, nonDifferentiable, notTwice, type OpFunction } from "../core/define.ts";
import { countOf, eachIndex } from "../core/loops.ts";
import { lowerInside } from "./blocks.ts";
import { lowerMerge, lowerOuter, lowerProduct, lowerSplit, splitLike } from "./heads.ts";
import { lowerOffsets, lowerPairs } from "./offsets.ts";

/** Settings of scores of relative positions. */
export interface RelativeScoresAttrs {
  readonly heads: number;
  /** Products are multiplied by this. */
  readonly scale: number;
  /** The rows of `x` are the keys' instead of the queries'. */
  readonly keys?: boolean;
}

/**
 * Relative position scores of attention: `y[b, h, i, j] = scale · ⟨x[b, i, h], table[o, h]⟩`
 * with `o = seq − 1 + j − i`; with `keys`, `scale · ⟨x[b, j, h], table[o, h]⟩` with `o = seq − 1 + i − j`. Added to `plus`.
 *
 * Products with the whole table are moved into place row by row, with no index for each pair: see `lowerPairs`.
 *
 * Shapes: `x [batch*seq, heads·headDim]`, `table [2*seq, heads·headDim]`, `mask [batch, seq]`, of which only the lengths
 * are read, `plus` as `y` → `y [batch, heads, seq, seq]`.
 * @throws {OperandError} when widths, heads or rows do not fit.
 * @see He et al. 2021, arXiv:2006.03654, section 3.1; the shift: Dai et al. 2019, arXiv:1901.02860, appendix B.
 */
export const relativeScores: OpFunction<["x", "table", "mask", "plus?"], RelativeScoresAttrs> = defineOp({
  name: "RelativeScores",
  operands: ["x", "table", "mask", "plus?"],
  cheap: true, // [batch, heads, seq, seq] is too wide to keep
  infer({ x, table, mask }, { heads }) {
    const [batch, seq] = mask.shape as [Dim, Dim];
    const width = x.shape[1];
    const fits = x.shape[0] === mask.shape.join("*") && table.shape.join() === `2*${seq},${width}`;
    if (!fits || typeof width !== "number" || width % heads !== 0) {
      const found = `x [${x.shape}], table [${table.shape}], mask [${mask.shape}], ${heads} heads`;
      throw new OperandError("RelativeScores", `takes x [rows, heads·headDim] and a table of 2*seq rows; got ${found}`);
    }
    return { dtype: x.dtype, shape: [batch, heads, seq, seq] };
  },
  vjp: {
    x: (dy, { table, mask }, attrs) => relativeScoresBackward(dy, table, mask, { ...attrs, of: "x" }),
    table: (dy, { x, mask }, attrs) => relativeScoresBackward(dy, x, mask, { ...attrs, of: "table" }),
    mask: nonDifferentiable,
    plus: (dy) => dy,
  },
  reference({ x, table, plus }, { shape }, attrs) {
    const y = plus ? Float64Array.from(plus.data) : new Float64Array(countOf(shape));
    const headDim = x.shape[1]! / attrs.heads;
    eachPair(shape, attrs, x.shape[1]!, (at, row, offset) => {
      for (let d = 0; d < headDim; d++) y[at]! += attrs.scale * x.data[row + d]! * table.data[offset + d]!;
    });
    return y;
  },
  lower(outside, { x, table, mask, plus }, { types, attrs }) {
    const { heads, scale, keys } = attrs;
    const to = lowerInside(outside, mask, true);
    const headDim = (types.x.shape[1] as number) / heads;
    const rows = splitLike(to, x, types.mask, heads, headDim);
    const products = lowerProduct(to, rows, splitTable(to, table, attrs, headDim), attrs, {
      transB: true,
      alpha: scale,
    });
    const scores = lowerPairs(to, products, mask);
    const oriented = keys ? transpose(to, scores) : scores;
    return plus ? to.node("Add", [plus, oriented]) : oriented;
  },
});

/** Settings of a gradient of scores of relative positions. */
export interface RelativeScoresBackwardAttrs extends RelativeScoresAttrs {
  /** The operand it is the gradient by. */
  readonly of: "x" | "table";
}

/**
 * The gradient of `relativeScores` by `x`, or by its table: nothing is scattered, since the table has a row for each offset.
 *
 * Shapes: `dy [batch, heads, seq, seq]`, `other` the other one of `x` and `table` → as the operand.
 */
export const relativeScoresBackward: OpFunction<["dy", "other", "mask"], RelativeScoresBackwardAttrs> = defineOp({
  name: "RelativeScoresBackward",
  operands: ["dy", "other", "mask"],
  infer: ({ dy, other, mask }, { of }) => ({ dtype: dy.dtype, shape: [rowsOf(mask, of), other.shape[1] as Dim] }),
  vjp: { dy: notTwice, other: notTwice, mask: nonDifferentiable },
  reference({ dy, other }, { shape }, attrs) {
    const dx = new Float64Array(countOf(shape));
    const [width, ofX] = [shape[1]!, attrs.of === "x"];
    eachPair(dy.shape, attrs, width, (at, row, offset) => {
      const [to, from] = ofX ? [row, offset] : [offset, row];
      for (let d = 0; d < width / attrs.heads; d++) dx[to + d]! += attrs.scale * dy.data[at]! * other.data[from + d]!;
    });
    return dx;
  },
  lower(outside, { dy, other, mask }, { types, y: { shape }, attrs }) {
    const { heads, scale, keys, of } = attrs;
    const to = lowerInside(outside, mask, true);
    const headDim = (shape[1] as number) / heads;
    const byOffset = lowerOffsets(to, keys ? transpose(to, dy) : dy, mask);
    if (of === "x") {
      return lowerMerge(to, lowerProduct(to, byOffset, splitTable(to, other, attrs, headDim), attrs, { alpha: scale }), shape); // biome-ignore format: one call
    }
    const parts = lowerOuter(to, byOffset, splitLike(to, other, types.mask, heads, headDim), attrs, scale);
    return lowerMerge(to, to.node("ReduceSum", [parts, to.ints([0])]), shape);
  },
});

const rowsOf = (mask: TensorType, of: "x" | "table"): Dim =>
  of === "x" ? mask.shape.join("*") : `2*${mask.shape[1] as Dim}`;

/** `[2*seq, heads·headDim]` → `[1, heads, 2*seq, headDim]`. */
const splitTable = (to: Lowering, table: string, { heads }: RelativeScoresAttrs, headDim: number): string =>
  lowerSplit(to, table, to.ints([1, -1, heads, headDim]));

/** Queries for keys and keys for queries: `[batch, heads, m, n]` → `[batch, heads, n, m]`. */
const transpose = (to: Lowering, x: string): string => to.node("Transpose", [x], { attrs: { perm: [0, 1, 3, 2] } });

/** Visits each pair of `[batch, heads, seq, seq]`: its place, and where its parts of `x` and of the table begin. */
function eachPair(
  shape: readonly number[],
  { heads, keys }: RelativeScoresAttrs,
  width: number,
  visit: (at: number, row: number, offset: number) => void,
): void {
  const seq = shape[2]!;
  eachIndex(shape, ([b, head, i, j], at) => {
    const [own, other] = keys ? [j!, i!] : [i!, j!];
    const column = (head! * width) / heads;
    visit(at, (b! * seq + own) * width + column, (seq - 1 + other - own) * width + column);
  });
}
