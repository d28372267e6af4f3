import { defineOp, notTwice, type OpFunction } from "../core/define.ts";
import { map, zip } from "../core/loops.ts";

const C = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;
const inner = (x: number): number => C * (x + CUBIC * x ** 3);

/**
 * `y = ½ · x · (1 + tanh(√(2/π) · (x + 0.044715 x³)))`; transformers calls it `gelu_new` and `gelu_pytorch_tanh`.
 * @see Hendrycks and Gimpel 2016, arXiv:1606.08415.
 */
export const geluTanh: OpFunction<["x"]> = defineOp({
  name: "GeluTanh",
  operands: ["x"],
  rowwise: ["x"],
  cheap: true,
  infer: ({ x }) => x,
  vjp: { x: (dy, { x }) => geluTanhBackward(dy, x) },
  reference: ({ x }) => map(x, (x) => (x * (1 + Math.tanh(inner(x)))) / 2),
  lower: (to, { x }) => to.node("FastGelu", [x], { domain: "com.microsoft" }),
});

/** `dx = dy · ½ · (1 + t + x · (1 − t²) · u')`, where `u = √(2/π) · (x + 0.044715 x³)` and `t = tanh u`. */
export const geluTanhBackward: OpFunction<["dy", "x"]> = defineOp({
  name: "GeluTanhBackward",
  operands: ["dy", "x"],
  infer: ({ dy }) => dy,
  vjp: { dy: notTwice, x: notTwice },
  reference: ({ dy, x }, { shape }) =>
    zip(dy, x, shape, (dy, x) => {
      const t = Math.tanh(inner(x));
      return (dy * (1 + t + x * (1 - t * t) * C * (1 + 3 * CUBIC * x * x))) / 2;
    }),
  lower: (to, { dy, x }) => {
    const one = to.scalar(1);
    const square = to.node("Mul", [x, x]);
    const polynomial = (cubic: number): string =>
      to.node("Mul", [x, to.node("Add", [to.node("Mul", [square, to.scalar(C * cubic)]), to.scalar(C)])]);
    const t = to.node("Tanh", [polynomial(CUBIC)]);
    const derivative = to.node("Mul", [to.node("Sub", [one, to.node("Mul", [t, t])]), polynomial(3 * CUBIC)]); // x · u' · (1 − t²)
    const twice = to.node("Add", [to.node("Add", [t, one]), derivative]);
    return to.node("Mul", [to.node("Mul", [dy, to.scalar(0.5)]), twice]);
  },
});
