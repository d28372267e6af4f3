import { defineOp, type OpFunction } from "../core/define.ts";
import { map } from "../core/loops.ts";
import { add, mul, scalarLike, sub } from "./elementwise.ts";
import { sigmoid } from "./sigmoid.ts";

/**
 * `y = x · σ(x)`, also called swish. Gradient: `dy · (y + σ(x) · (1 − y))`.
 * @see Hendrycks and Gimpel 2016, arXiv:1606.08415.
 */
export const silu: OpFunction<["x"]> = defineOp({
  name: "Silu",
  operands: ["x"],
  rowwise: ["x"],
  infer: ({ x }) => x,
  vjp: { x: (dy, { x, y }) => mul(dy, add(y, mul(sigmoid(x), sub(scalarLike(y, 1), y)))) },
  reference: ({ x }) => map(x, (x) => x / (1 + Math.exp(-x))),
  lower: (to, { x }) => to.node("Mul", [x, to.node("Sigmoid", [x])]),
});
