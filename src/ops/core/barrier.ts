import type { Lowering } from "../../ir/lowering.ts";
import type { DType } from "../../ir/types.ts";
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
  lower: (to, { x, after }, { types }) => lowerAfter(to, x, types.x.dtype, after, types.after.shape.length),
});

/**
 * The ONNX form of a barrier.
 * @param x A value of type `dtype`.
 * @param rank Of `after`.
 */
export const lowerAfter = (to: Lowering, x: string, dtype: DType, after: string, rank: number): string =>
  to.node("Barrier", [x, after], { attrs: { rank, dtype } });

/** `y = x`, with no gradient through it. */
export const detach: OpFunction<["x"]> = defineOp({
  name: "Detach",
  operands: ["x"],
  infer: ({ x }) => x,
  vjp: { x: nonDifferentiable },
  reference: ({ x }) => x.data,
  lower: (to, { x }) => to.node("Identity", [x]),
});
