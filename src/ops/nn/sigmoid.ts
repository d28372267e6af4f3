import { defineOp, type OpFunction } from "../core/define.ts";
import { map } from "../core/loops.ts";
import { mul, sub } from "./elementwise.ts";

/** `y = 1 / (1 + e^−x)`, element by element. Gradient: `dy · y · (1 − y)`. */
export const sigmoid: OpFunction<["x"]> = defineOp({
  name: "Sigmoid",
  operands: ["x"],
  rowwise: ["x"],
  infer: ({ x }) => x,
  vjp: { x: (dy, { y }) => mul(dy, sub(y, mul(y, y))) },
  reference: ({ x }) => map(x, (x) => 1 / (1 + Math.exp(-x))),
  lower: (to, { x }) => to.node("Sigmoid", [x]),
});
