import { defineOp, type OpFunction } from "../core/define.ts";
import { map } from "../core/loops.ts";
import { mul, scalarLike, sub } from "./elementwise.ts";

/** `y = tanh x`. Gradient: `dy · (1 − y²)`. */
export const tanh: OpFunction<["x"]> = defineOp({
  name: "Tanh",
  operands: ["x"],
  rowwise: ["x"],
  infer: ({ x }) => x,
  vjp: { x: (dy, { y }) => mul(dy, sub(scalarLike(y, 1), mul(y, y))) },
  reference: ({ x }) => map(x, Math.tanh),
  lower: (to, { x }) => to.node("Tanh", [x]),
});
