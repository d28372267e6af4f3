import { defineOp, type OpFunction } from "../core/define.ts";
import { eachRow } from "../core/loops.ts";
import { reshape } from "../shape/shape.ts";
import { div, mul } from "./elementwise.ts";

/** The Euclidean length of each row. Shapes: `x [rows, n]` → `y [rows]`. */
export const rowNorm: OpFunction<["x"]> = defineOp({
  name: "RowNorm",
  operands: ["x"],
  infer: ({ x }) => ({ dtype: x.dtype, shape: x.shape.slice(0, -1) }),
  vjp: { x: (dy, { x, y }) => mul(x, reshape(div(dy, y), { shape: [...y.shape, 1] })) },
  reference({ x }, { shape }) {
    const y = new Float64Array(shape.reduce((n, length) => n * length, 1));
    eachRow(x, (row, i) => {
      y[i] = Math.hypot(...row);
    });
    return y;
  },
  lower: (to, { x }) => to.node("ReduceL2", [x, to.ints([-1])], { attrs: { keepdims: 0 } }),
});
