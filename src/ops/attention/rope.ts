import { OperandError } from "../../errors.ts";
import { defineOp, nonDifferentiable, type OpFunction } from "../core/define.ts";

/** Settings of rotary positions. */
export interface RopeAttrs {
  readonly heads: number;
  /** Radians a token by which each pair turns. The pairs of a head are in its first `2 · frequencies.length` columns. */
  readonly frequencies: readonly number[];
  /** Other frequencies, as many, where a position of the batch is `length` or more: longrope. */
  readonly beyond?: { readonly length: number; readonly frequencies: readonly number[] };
  /** Sine and cosine are multiplied by this: yarn's attention factor. Default 1. */
  readonly scale?: number;
  /** Turn the other way: the gradient. */
  readonly backwards?: boolean;
}

/**
 * Rotary positions: with `n` frequencies, turns the pair `(x[i], x[i + n])` of each head by the token's position times
 * frequency `i`. Columns from `2n` on stay as they are.
 *
 * Shapes: `x [batch*seq, heads·headDim]`, `positions [batch*seq]` integers from 0 on → as `x`.
 * @throws {OperandError} when shapes do not fit or a head has too few columns.
 * @see Su et al. 2021, arXiv:2104.09864; halves are paired as in transformers' `rotate_half`.
 */
export const rope: OpFunction<["x", "positions"], RopeAttrs> = defineOp({
  name: "Rope",
  operands: ["x", "positions"],
  infer({ x, positions }, { heads, frequencies }) {
    const [rows, width] = x.shape;
    const [rotated, headDim] = [2 * frequencies.length, Number(width) / heads];
    if (positions.shape.join() !== `${rows}` || !Number.isInteger(headDim) || rotated > headDim) {
      const found = `x [${x.shape}], positions [${positions.shape}], ${rotated} turning columns in each of ${heads} heads`;
      throw new OperandError("Rope", `takes x [rows, heads·headDim] and positions [rows]; got ${found}`);
    }
    return { dtype: x.dtype, shape: x.shape };
  },
  vjp: {
    x: (dy, { positions }, attrs) => rope(dy, positions, { ...attrs, backwards: !attrs.backwards }),
    positions: nonDifferentiable,
  },
  reference({ x, positions }, _, { heads, frequencies: near, beyond, scale = 1, backwards }) {
    const width = x.shape[1]!;
    const half = near.length;
    const frequencies = beyond && positions.data.some((at) => at >= beyond.length) ? beyond.frequencies : near;
    return x.data.map((value, flat) => {
      const column = flat % (width / heads);
      if (column >= 2 * half) return value;
      const angle = positions.data[Math.floor(flat / width)]! * frequencies[column % half]! * (backwards ? -1 : 1);
      const partner = column < half ? -x.data[flat + half]! : x.data[flat - half]!;
      return scale * (value * Math.cos(angle) + partner * Math.sin(angle));
    });
  },
  lower(to, { x, positions }, { types, attrs: { heads, frequencies, beyond, scale = 1, backwards } }) {
    const half = frequencies.length;
    const table = (values: readonly number[]): string => to.constant("float32", [1, half], values);
    const angles = beyond
      ? to.node("RotaryAngles", [positions, table(frequencies), table(beyond.frequencies)], {
          attrs: { length: beyond.length },
        })
      : to.node("RotaryAngles", [positions, table(frequencies)]);
    const times = (x: string, by: number): string => (by === 1 ? x : to.node("Mul", [x, to.scalar(by)]));
    const cos = times(to.node("Cos", [angles]), scale);
    const sin = times(to.node("Sin", [angles]), backwards ? -scale : scale);
    const partly = 2 * half * heads === types.x.shape[1] ? {} : { rotary_embedding_dim: 2 * half };
    // One sequence of all rows, from place 0 on: row i of cos and sin is row i of x, whatever its position.
    const rows = [to.node("Unsqueeze", [x, to.ints([0])]), to.ints([0]), cos, sin];
    const rotated = to.node("RotaryEmbedding", rows, {
      attrs: { num_heads: heads, ...partly },
      domain: "com.microsoft",
    });
    return to.node("Squeeze", [rotated, to.ints([0])]);
  },
});
