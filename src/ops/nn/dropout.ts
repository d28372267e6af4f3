import { lowerAfter } from "../core/barrier.ts";
import { defineOp, nonDifferentiable, type OpFunction } from "../core/define.ts";
import { zip } from "../core/loops.ts";

/**
 * `y = x · mask / keep`. The mask is an input: bytes, 1 with probability `keep`, drawn by the library's own generator,
 * so a run repeats and resumes exactly. @see Srivastava et al. 2014, JMLR 15.
 */
export const dropout: OpFunction<["x", "mask"], { readonly keep: number }> = defineOp({
  name: "Dropout",
  operands: ["x", "mask"],
  rowwise: ["x", "mask"],
  cheap: true,
  infer: ({ x }) => x,
  vjp: { x: (dy, { mask }, attrs) => dropout(dy, mask, attrs), mask: nonDifferentiable },
  reference: ({ x, mask }, { shape }, { keep }) => zip(x, mask, shape, (x, mask) => (x * mask) / keep),
  lower(to, { x, mask }, { y: { shape }, attrs: { keep } }) {
    const late = lowerAfter(to, mask, "uint8", x, shape.length); // else the engine unpacks every mask first
    return to.node("Mul", [x, to.node("DequantizeLinear", [late, to.scalar(1 / keep)])]);
  },
});
