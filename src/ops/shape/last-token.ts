import { defineOp, nonDifferentiable, type OpFunction } from "../core/define.ts";

/**
 * The row, in a flattened batch, of the last token of each text that is not `padId`; of the first where all are. Padding
 * of the batch, where `mask` is 0, never counts. `ids`, `mask` `[batch, seq]` → `[batch]` integers.
 *
 * transformers decides by id where a decoder's classifier looks; of a text alone this is the same token. But a batch may
 * be padded with another id than the configuration names.
 */
export const lastToken: OpFunction<["ids", "mask"], { readonly padId?: number }> = defineOp({
  name: "LastToken",
  operands: ["ids", "mask"],
  infer: ({ ids }) => ({ dtype: "int64", shape: ids.shape.slice(0, 1) }),
  vjp: { ids: nonDifferentiable, mask: nonDifferentiable },
  reference({ ids, mask }, _, { padId }) {
    const [batch, seq] = ids.shape as [number, number];
    return new Float64Array(batch).map((_, row) => {
      let last = 0;
      for (let i = 0; i < seq; i++) if (mask.data[row * seq + i] !== 0 && ids.data[row * seq + i] !== padId) last = i;
      return row * seq + last;
    });
  },
  lower(to, { ids, mask }, { attrs: { padId } }) {
    const integer = (value: number): string => to.constant("int64", [], [value]);
    const shape = to.node("Shape", [ids]);
    const [batch, seq] = [0, 1].map((axis) => to.node("Gather", [shape, integer(axis)])) as [string, string];
    const other = (x: string, than: number): string => to.node("Not", [to.node("Equal", [x, integer(than)])]);
    const shown = other(mask, 0);
    const counts = padId === undefined ? shown : to.node("And", [shown, other(ids, padId)]);
    const real = to.node("Indicator", [counts]);
    const tokenIndices = to.node("Mul", [real, to.node("Range", [integer(0), seq, integer(1)])]);
    const last = to.node("ReduceMax", [tokenIndices, to.ints([1])], { attrs: { keepdims: 0 } });
    return to.node("Add", [last, to.node("Mul", [to.node("Range", [integer(0), batch, integer(1)]), seq])]);
  },
});
