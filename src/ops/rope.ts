import { defineOp, nonDifferentiable, type OpFunction } from "./define.ts";

/** Settings of rotary positions. */
export interface RopeAttrs {
  readonly heads: number;
  /** Base of the wavelengths: pair `i` of `n` turns by `theta^(−i/n)` radians a token. */
  readonly theta: number;
  /** Turn the other way: the gradient. */
  readonly backwards?: boolean;
}

/**
 * Rotary positions: turns the pair `(x[i], x[i + headDim/2])` of each head by an angle that grows with the token's
 * place in its row. Shapes: `x [batch*seq, heads·headDim]`, `ids [batch, seq]` (for its shape) → as `x`.
 * @see Su et al. 2021, arXiv:2104.09864; halves are paired as in transformers' `rotate_half`.
 */
export const rope: OpFunction<["x", "ids"], RopeAttrs> = defineOp({
  name: "Rope",
  operands: ["x", "ids"],
  infer: ({ x }) => x,
  vjp: { x: (dy, { ids }, attrs) => rope(dy, ids, { ...attrs, backwards: !attrs.backwards }), ids: nonDifferentiable },
  reference({ x, ids }, _, { heads, theta, backwards }) {
    const width = x.shape[1]!;
    const half = width / heads / 2;
    const seq = ids.shape[1]!;
    return x.data.map((value, flat) => {
      const column = flat % (2 * half);
      const place = Math.floor(flat / width) % seq;
      const angle = place * theta ** (-(column % half) / half) * (backwards ? -1 : 1);
      const partner = column < half ? -x.data[flat + half]! : x.data[flat - half]!;
      return value * Math.cos(angle) + partner * Math.sin(angle);
    });
  },
  lower(to, { x, ids }, { types }, { heads, theta, backwards }) {
    const integer = (value: number): string => to.constant("int64", [], [value]);
    const half = (types.x.shape[1] as number) / heads / 2;
    const seq = to.node("Gather", [to.node("Shape", [ids]), integer(1)]);
    const places = to.node("Range", [integer(0), seq, integer(1)]);
    const frequencies = Array.from({ length: half }, (_, i) => theta ** (-i / half) * (backwards ? -1 : 1));
    const column = to.node("Unsqueeze", [to.node("Cast", [places], { attrs: { to: 1 } }), to.ints([1])]);
    const angles = to.node("Mul", [column, to.constant("float32", [1, half], frequencies)]);
    const rows = to.node("Reshape", [x, to.shape([...types.ids.shape, types.x.shape[1]!])]);
    const positions = to.node("Expand", [places, to.node("Shape", [ids])]);
    const turned = to.node("RotaryEmbedding", [rows, positions, to.node("Cos", [angles]), to.node("Sin", [angles])], {
      attrs: { num_heads: heads },
      domain: "com.microsoft",
    });
    return to.node("Reshape", [turned, to.shape(types.x.shape)]);
  },
});
