import { defineOp, notTwice, type OpFunction } from "../core/define.ts";
import { map, zip } from "../core/loops.ts";

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** `y = x · σ(x)`, also called swish. @see Hendrycks and Gimpel 2016, arXiv:1606.08415. */
export const silu: OpFunction<["x"]> = defineOp({
  name: "Silu",
  operands: ["x"],
  rowwise: ["x"],
  infer: ({ x }) => x,
  vjp: { x: (dy, { x, y }) => siluBackward(dy, x, y) },
  reference: ({ x }) => map(x, (x) => x * sigmoid(x)),
  lower: (to, { x }) => to.node("Mul", [x, to.node("Sigmoid", [x])]),
});

/** `dx = dy · (y + σ(x) · (1 − y))`. */
export const siluBackward: OpFunction<["dy", "x", "y"]> = defineOp({
  name: "SiluBackward",
  operands: ["dy", "x", "y"],
  infer: ({ dy }) => dy,
  vjp: { dy: notTwice, x: notTwice, y: notTwice },
  reference: ({ dy, x }, { shape }) =>
    zip(dy, x, shape, (dy, x) => dy * (x * sigmoid(x) + sigmoid(x) * (1 - x * sigmoid(x)))),
  lower: (to, { dy, x, y }) => {
    const gate = to.node("Mul", [to.node("Sigmoid", [x]), to.node("Sub", [to.scalar(1), y])]);
    return to.node("Mul", [dy, to.node("Add", [y, gate])]);
  },
});
