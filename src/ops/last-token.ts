import { defineOp, nonDifferentiable, type OpFunction } from "./define.ts";

/**
 * The row, in a flattened batch, of the last token of each text that is not `padId`; of the first where all are.
 * `ids [batch, seq]` → `[batch]` integers. Decided by id, as transformers decides where a decoder's classifier looks.
 */
export const lastToken: OpFunction<["ids"], { readonly padId: number }> = defineOp({
  name: "LastToken",
  operands: ["ids"],
  infer: ({ ids }) => ({ dtype: "int64", shape: ids.shape.slice(0, 1) }),
  vjp: { ids: nonDifferentiable },
  reference({ ids }, _, { padId }) {
    const [batch, seq] = ids.shape as [number, number];
    return new Float64Array(batch).map((_, row) => {
      let last = 0;
      for (let i = 0; i < seq; i++) if (ids.data[row * seq + i] !== padId) last = i;
      return row * seq + last;
    });
  },
  lower(to, { ids }, _, { padId }) {
    const integer = (value: number): string => to.constant("int64", [], [value]);
    const shape = to.node("Shape", [ids]);
    const [batch, seq] = [0, 1].map((axis) => to.node("Gather", [shape, integer(axis)])) as [string, string];
    const real = to.node("Cast", [to.node("Not", [to.node("Equal", [ids, integer(padId)])])], { attrs: { to: 7 } });
    const places = to.node("Mul", [real, to.node("Range", [integer(0), seq, integer(1)])]);
    const last = to.node("ReduceMax", [places, to.ints([1])], { attrs: { keepdims: 0 } });
    return to.node("Add", [last, to.node("Mul", [to.node("Range", [integer(0), batch, integer(1)]), seq])]);
  },
});
