import { defineOp, notTwice, type OpFunction } from "../core/define.ts";
import { map, zip } from "../core/loops.ts";

/** `y = max(x, 0)`. The gradient at 0 is 0. */
export const relu: OpFunction<["x"]> = defineOp({
  name: "Relu",
  operands: ["x"],
  rowwise: ["x"],
  infer: ({ x }) => x,
  vjp: { x: (dy, { y }) => reluBackward(dy, y) },
  reference: ({ x }) => map(x, (x) => Math.max(x, 0)),
  lower: (to, { x }) => to.node("Relu", [x]),
});

/** `dx = dy` where `y > 0`, else 0. */
export const reluBackward: OpFunction<["dy", "y"]> = defineOp({
  name: "ReluBackward",
  operands: ["dy", "y"],
  infer: ({ dy }) => dy,
  vjp: { dy: notTwice, y: notTwice },
  reference: ({ dy, y }, { shape }) => zip(dy, y, shape, (dy, y) => (y > 0 ? dy : 0)),
  lower: (to, { dy, y }) => to.node("Mul", [dy, to.node("Sign", [y])]),
});
