import { OperandError } from "../../errors.ts";
import { sameCount } from "../../ir/dims.ts";
import type { Dim, Shape } from "../../ir/types.ts";
import { defineOp, nonDifferentiable, notTwice, type OpFunction } from "../core/define.ts";
import { countOf, eachIndex, readBroadcast } from "../core/loops.ts";

/** The same elements in another shape. @throws {OperandError} when the counts differ. */
export const reshape: OpFunction<["x"], { readonly shape: Shape }> = defineOp({
  name: "Reshape",
  operands: ["x"],
  infer({ x }, { shape }) {
    if (!sameCount(x.shape, shape)) throw new OperandError("Reshape", `[${x.shape}] does not fill [${shape}]`);
    return { dtype: x.dtype, shape };
  },
  vjp: { x: (dy, { x }) => reshape(dy, { shape: x.shape }) },
  reference: ({ x }) => x.data,
  lower: (to, { x }, { attrs: { shape } }) => to.node("Reshape", [x, to.shape(shape)]),
});

/** `y` has axis `perm[i]` of `x` as its axis `i`. */
export const transpose: OpFunction<["x"], { readonly perm: readonly number[] }> = defineOp({
  name: "Transpose",
  operands: ["x"],
  infer({ x }, { perm }) {
    if (perm.length !== x.shape.length) throw new OperandError("Transpose", `[${x.shape}] by [${perm}]`);
    return { dtype: x.dtype, shape: perm.map((axis) => x.shape[axis] as Dim) };
  },
  vjp: { x: (dy, _, { perm }) => transpose(dy, { perm: perm.map((_, axis) => perm.indexOf(axis)) }) },
  reference({ x }, { shape }, { perm }) {
    const y = new Float64Array(x.data.length);
    const from = shape.map(() => 0);
    eachIndex(shape, (index, flat) => {
      for (const [i, axis] of perm.entries()) from[axis] = index[i]!;
      y[flat] = readBroadcast(x, from);
    });
    return y;
  },
  lower: (to, { x }, { attrs: { perm } }) => to.node("Transpose", [x], { attrs: { perm } }),
});

/** `y` repeats `x` to the shape of `like`, by NumPy's rules. */
export const broadcastLike: OpFunction<["x", "like"]> = defineOp({
  name: "BroadcastLike",
  operands: ["x", "like"],
  infer: ({ x, like }) => ({ dtype: x.dtype, shape: like.shape }),
  vjp: { x: (dy) => dy, like: nonDifferentiable },
  reference({ x }, { shape }) {
    const y = new Float64Array(countOf(shape));
    eachIndex(shape, (index, flat) => {
      y[flat] = readBroadcast(x, index);
    });
    return y;
  },
  lower: (to, { x, like }) => to.node("Expand", [x, to.node("Shape", [like])]),
});

/** Sums over `axes`, which go. */
export const reduceSum: OpFunction<["x"], { readonly axes: readonly number[] }> = defineOp({
  name: "ReduceSum",
  operands: ["x"],
  infer: ({ x }, { axes }) => ({ dtype: x.dtype, shape: x.shape.filter((_, axis) => !axes.includes(axis)) }),
  vjp: {
    x: (dy, { x }, { axes }) => {
      const shape = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
      return broadcastLike(reshape(dy, { shape }), x);
    },
  },
  reference({ x }, { shape }, { axes }) {
    const y = new Float64Array(countOf(shape));
    eachIndex(x.shape, (index, flat) => {
      let to = 0;
      for (const [axis, at] of index.entries()) if (!axes.includes(axis)) to = to * x.shape[axis]! + at;
      y[to]! += x.data[flat]!;
    });
    return y;
  },
  lower: (to, { x }, { attrs: { axes } }) => to.node("ReduceSum", [x, to.ints(axes)], { attrs: { keepdims: 0 } }),
});

/** Position `index` of `axis`, which goes: the first token of each row, say. */
export const select: OpFunction<["x"], { readonly axis: number; readonly index: number }> = defineOp({
  name: "Select",
  operands: ["x"],
  infer: ({ x }, { axis }) => ({ dtype: x.dtype, shape: x.shape.filter((_, i) => i !== axis) }),
  vjp: { x: (dy, { x }, attrs) => selectBackward(dy, x, attrs) },
  reference({ x }, { shape }, { axis, index }) {
    const y = new Float64Array(countOf(shape));
    eachIndex(shape, (at, flat) => {
      y[flat] = readBroadcast(x, at.toSpliced(axis, 0, index));
    });
    return y;
  },
  lower: (to, { x }, { attrs: { axis, index } }) =>
    to.node("Gather", [x, to.constant("int64", [], [index])], { attrs: { axis } }),
});

/** `dx` in the shape of `like`: `dy` at position `index` of `axis`, 0 elsewhere. */
export const selectBackward: OpFunction<["dy", "like"], { readonly axis: number; readonly index: number }> = defineOp({
  name: "SelectBackward",
  operands: ["dy", "like"],
  infer: ({ dy, like }) => ({ dtype: dy.dtype, shape: like.shape }),
  vjp: { dy: notTwice, like: nonDifferentiable },
  reference({ dy }, { shape }, { axis, index }) {
    const dx = new Float64Array(countOf(shape));
    eachIndex(shape, (at, flat) => {
      if (at[axis] === index) dx[flat] = readBroadcast(dy, at.toSpliced(axis, 1));
    });
    return dx;
  },
  lower(to, { dy, like }, { types, attrs: { axis, index } }) {
    const length = to.node("Gather", [to.node("Shape", [like]), to.constant("int64", [], [axis])]);
    const positions = to.node("Range", [to.constant("int64", [], [0]), length, to.constant("int64", [], [1])]);
    const here = to.node("Equal", [positions, to.constant("int64", [], [index])]);
    const column = to.node("Reshape", [here, to.ints(types.like.shape.map((_, i) => (i === axis ? -1 : 1)))]);
    const row = to.node("Unsqueeze", [dy, to.ints([axis])]);
    return to.node("Where", [column, row, to.scalar(0)]);
  },
});
