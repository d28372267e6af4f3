import type { Value } from "../../ir/graph.ts";
import { defineOp, nonDifferentiable, type OpFunction } from "../core/define.ts";
import { broadcastType, map, zip } from "../core/loops.ts";

/** `y = a + b`, with NumPy broadcasting. Both gradients are `dy`; `backward` undoes the broadcast. */
export const add: OpFunction<["a", "b"]> = defineOp({
  name: "Add",
  operands: ["a", "b"],
  rowwise: ["a", "b"],
  infer: ({ a, b }) => broadcastType("Add", a, b),
  vjp: { a: (dy) => dy, b: (dy) => dy },
  reference: ({ a, b }, y) => zip(a, b, y.shape, (a, b) => a + b),
  lower: (to, { a, b }) => to.node("Add", [a, b]),
});

/** `y = a − b`, with NumPy broadcasting. */
export const sub: OpFunction<["a", "b"]> = defineOp({
  name: "Sub",
  operands: ["a", "b"],
  rowwise: ["a", "b"],
  infer: ({ a, b }) => broadcastType("Sub", a, b),
  vjp: { a: (dy) => dy, b: (dy) => scale(dy, { by: -1 }) },
  reference: ({ a, b }, y) => zip(a, b, y.shape, (a, b) => a - b),
  lower: (to, { a, b }) => to.node("Sub", [a, b]),
});

/** `y = a · b`, element by element, with NumPy broadcasting. */
export const mul: OpFunction<["a", "b"]> = defineOp({
  name: "Mul",
  operands: ["a", "b"],
  rowwise: ["a", "b"],
  infer: ({ a, b }) => broadcastType("Mul", a, b),
  vjp: { a: (dy, { b }) => mul(dy, b), b: (dy, { a }) => mul(dy, a) },
  reference: ({ a, b }, y) => zip(a, b, y.shape, (a, b) => a * b),
  lower: (to, { a, b }) => to.node("Mul", [a, b]),
});

/** `y = a / b`, element by element, with NumPy broadcasting. */
export const div: OpFunction<["a", "b"]> = defineOp({
  name: "Div",
  operands: ["a", "b"],
  rowwise: ["a", "b"],
  infer: ({ a, b }) => broadcastType("Div", a, b),
  vjp: { a: (dy, { b }) => div(dy, b), b: (dy, { b, y }) => scale(div(mul(dy, y), b), { by: -1 }) },
  reference: ({ a, b }, y) => zip(a, b, y.shape, (a, b) => a / b),
  lower: (to, { a, b }) => to.node("Div", [a, b]),
});

/** `y = by · x` with a constant `by`. */
export const scale: OpFunction<["x"], { readonly by: number }> = defineOp({
  name: "Scale",
  operands: ["x"],
  rowwise: ["x"],
  infer: ({ x }) => x,
  vjp: { x: (dy, _, { by }) => scale(dy, { by }) },
  reference: ({ x }, _, { by }) => map(x, (x) => by * x),
  lower: (to, { x }, { attrs: { by } }) => to.node("Mul", [x, to.scalar(by)]),
});

/** The scalar `value` in the graph and dtype of `x`. */
export const scalarLike = (x: Value, value: number): Value => x.graph.constant({ dtype: x.dtype, shape: [] }, [value]);

/** 1 where `x` is above 0, −1 where it is below, 0 else. */
export const sign: OpFunction<["x"]> = defineOp({
  name: "Sign",
  operands: ["x"],
  rowwise: ["x"],
  infer: ({ x }) => x,
  vjp: { x: nonDifferentiable },
  reference: ({ x }) => map(x, Math.sign),
  lower: (to, { x }) => to.node("Sign", [x]),
});
