import type { Lowering } from "../../ir/lowering.ts";
import { defineOp, nonDifferentiable, type OpFunction } from "./define.ts";

/**
 * `y = x`, but not before `after` is known.
 *
 * The backward pass reads what it computes a second time (a recomputed activation, a dequantized weight) through a
 * barrier on its incoming gradient: the engine can then neither merge it with the first computation nor run it early.
 */
export const barrier: OpFunction<["x", "after"]> = defineOp({
  name: "Barrier",
  operands: ["x", "after"],
  infer: ({ x }) => x,
  vjp: { x: (dy) => dy, after: nonDifferentiable },
  reference: ({ x }) => x.data,
  lower: (to, { x, after }, { types }) => lowerAfter(to, x, after, types.after.shape.length),
});

/**
 * The ONNX form of a barrier: `x`, reshaped to its own shape plus a zero that takes an element of `after` to know. No
 * element of `x` is copied. (A shape that depended on the shape of `after` alone would be folded away.)
 * @param rank Of `after`.
 */
export function lowerAfter(to: Lowering, x: string, after: string, rank: number): string {
  const each = (value: number): string => to.ints(new Array<number>(rank).fill(value));
  const first = to.node("Reshape", [to.node("Slice", [after, each(0), each(1)]), to.ints([-1])]);
  const known = to.node("Cast", [to.node("IsNaN", [first])], { attrs: { to: 7 } });
  const nothing = to.node("Mul", [known, to.ints([0])]);
  return to.node("Reshape", [x, to.node("Add", [to.node("Shape", [x]), nothing])]);
}

/** `y = x`, with no gradient through it. */
export const detach: OpFunction<["x"]> = defineOp({
  name: "Detach",
  operands: ["x"],
  infer: ({ x }) => x,
  vjp: { x: nonDifferentiable },
  reference: ({ x }) => x.data,
  lower: (to, { x }) => to.node("Identity", [x]),
});
