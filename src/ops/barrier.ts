import { defineOp, nonDifferentiable, type OpFunction } from "./define.ts";

/**
 * `y = x`, but not before `after` is known.
 *
 * The backward pass reads what it computes a second time (a recomputed activation, a dequantized weight) through a
 * barrier on its incoming gradient: the engine can then neither merge it with the first computation nor run it early.
 * It copies nothing: a reshape to a shape that depends on `after`.
 */
export const barrier: OpFunction<["x", "after"]> = defineOp({
  name: "Barrier",
  operands: ["x", "after"],
  infer: ({ x }) => x,
  vjp: { x: (dy) => dy, after: nonDifferentiable },
  reference: ({ x }) => x.data,
  lower(to, { x, after }) {
    const zero = to.constant("int64", [1], [0]);
    const length = to.node("Slice", [to.node("Shape", [after]), zero, to.constant("int64", [1], [1])]);
    const nothing = to.node("Mul", [length, zero]); // not folded: the length is a run-time value
    return to.node("Reshape", [x, to.node("Add", [to.node("Shape", [x]), nothing])]);
  },
});

/** `y = x`, with no gradient through it. */
export const detach: OpFunction<["x"]> = defineOp({
  name: "Detach",
  operands: ["x"],
  infer: ({ x }) => x,
  vjp: { x: nonDifferentiable },
  reference: ({ x }) => x.data,
  lower: (to, { x }) => to.node("Identity", [x]),
});
