import { defineOp, notTwice, type OpFunction } from "../core/define.ts";
import { erf, map, zip } from "../core/loops.ts";

/**
 * `y = x · Φ(x)`, Φ the normal distribution function.
 * @see Hendrycks and Gimpel 2016, arXiv:1606.08415; transformers calls it `gelu`.
 */
export const gelu: OpFunction<["x"]> = defineOp({
  name: "Gelu",
  operands: ["x"],
  rowwise: ["x"],
  cheap: true,
  infer: ({ x }) => x,
  vjp: { x: (dy, { x }) => geluBackward(dy, x) },
  reference: ({ x }) => map(x, (x) => (x * (1 + erf(x * Math.SQRT1_2))) / 2),
  lower: (to, { x }) => to.node("Gelu", [x], { domain: "com.microsoft" }),
});

/** `dx = dy · (Φ(x) + x · φ(x))`, φ the normal density. With `u = x / √2`: `½ + ½·erf u + u·e^(−u²) / √π`. */
export const geluBackward: OpFunction<["dy", "x"]> = defineOp({
  name: "GeluBackward",
  operands: ["dy", "x"],
  infer: ({ dy }) => dy,
  vjp: { dy: notTwice, x: notTwice },
  reference: ({ dy, x }, { shape }) =>
    zip(dy, x, shape, (dy, x) => {
      const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
      return dy * ((1 + erf(x * Math.SQRT1_2)) / 2 + x * density);
    }),
  lower: (to, { dy, x }) => {
    const u = to.node("Mul", [x, to.scalar(Math.SQRT1_2)]);
    const cdf = to.node("Add", [to.node("Erf", [u]), to.scalar(1)]); // 2Φ
    const bell = to.node("Exp", [to.node("Mul", [u, to.node("Neg", [u])])]);
    const derivative = to.node("Mul", [to.node("Mul", [u, bell]), to.scalar(2 / Math.sqrt(Math.PI))]);
    const twice = to.node("Add", [cdf, derivative]);
    return to.node("Mul", [to.node("Mul", [dy, to.scalar(0.5)]), twice]);
  },
});
