import { defineOp, notTwice, type OpFunction } from "../core/define.ts";
import { map, zip } from "../core/loops.ts";

/** `y = tanh x`. */
export const tanh: OpFunction<["x"]> = defineOp({
  name: "Tanh",
  operands: ["x"],
  rowwise: ["x"],
  infer: ({ x }) => x,
  vjp: { x: (dy, { y }) => tanhBackward(dy, y) },
  reference: ({ x }) => map(x, Math.tanh),
  lower: (to, { x }) => to.node("Tanh", [x]),
});

/** `dx = dy · (1 − y²)`. */
export const tanhBackward: OpFunction<["dy", "y"]> = defineOp({
  name: "TanhBackward",
  operands: ["dy", "y"],
  infer: ({ dy }) => dy,
  vjp: { dy: notTwice, y: notTwice },
  reference: ({ dy, y }, { shape }) => zip(dy, y, shape, (dy, y) => dy * (1 - y * y)),
  lower: (to, { dy, y }) => to.node("Mul", [dy, to.node("Sub", [to.scalar(1), to.node("Mul", [y, y])])]),
});
