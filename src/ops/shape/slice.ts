import { OperandError } from "../../errors.ts";
import { defineOp, type OpFunction } from "../core/define.ts";
import { countOf, eachIndex, readBroadcast } from "../core/loops.ts";

/** Settings of a slice. */
export interface SliceAttrs {
  /** An axis whose length is known. */
  readonly axis: number;
  /** First position taken. */
  readonly start: number;
  /** First position no longer taken. */
  readonly end: number;
}

/** Positions `start … end − 1` of `axis`: one part of a fused projection. @throws {OperandError} when they are not there. */
export const slice: OpFunction<["x"], SliceAttrs> = defineOp({
  name: "Slice",
  operands: ["x"],
  infer({ x }, { axis, start, end }) {
    const length = x.shape[axis];
    if (typeof length !== "number" || start < 0 || start >= end || end > length) {
      throw new OperandError("Slice", `axis ${axis} of [${x.shape}] has no positions ${start} to ${end}`);
    }
    return { dtype: x.dtype, shape: x.shape.with(axis, end - start) };
  },
  vjp: { x: (dy, { x }, attrs) => sliceBackward(dy, { ...attrs, length: x.shape[attrs.axis] as number }) },
  reference({ x }, { shape }, { axis, start }) {
    const y = new Float64Array(countOf(shape));
    eachIndex(shape, (at, flat) => {
      y[flat] = readBroadcast(x, at.with(axis, at[axis]! + start));
    });
    return y;
  },
  lower: (to, { x }, { attrs: { axis, start, end } }) =>
    to.node("Slice", [x, to.ints([start]), to.ints([end]), to.ints([axis])]),
});

/** `dy` at positions `start … end − 1` of an axis of `length`, 0 elsewhere. */
export const sliceBackward: OpFunction<["dy"], SliceAttrs & { readonly length: number }> = defineOp({
  name: "SliceBackward",
  operands: ["dy"],
  infer: ({ dy }, { axis, length }) => ({ dtype: dy.dtype, shape: dy.shape.with(axis, length) }),
  vjp: { dy: (d, _, { axis, start, end }) => slice(d, { axis, start, end }) },
  reference({ dy }, { shape }, { axis, start, end }) {
    const dx = new Float64Array(countOf(shape));
    eachIndex(shape, (at, flat) => {
      const from = at[axis]! - start;
      if (from >= 0 && from < end - start) dx[flat] = readBroadcast(dy, at.with(axis, from));
    });
    return dx;
  },
  lower: (to, { dy }, { attrs: { axis, start, end, length } }) =>
    to.node("Pad", [dy, to.ints([start, length - end]), to.scalar(0), to.ints([axis])]),
});
