import { defineOp, nonDifferentiable, type OpFunction } from "../core/define.ts";

/** The place of each token in its row, from `offset` on. `ids [batch, seq]` → `[batch*seq]` integers. */
export const positions: OpFunction<["ids"], { readonly offset: number }> = defineOp({
  name: "Positions",
  operands: ["ids"],
  infer: ({ ids }) => ({ dtype: "int64", shape: [ids.shape.join("*")] }),
  vjp: { ids: nonDifferentiable },
  reference: ({ ids }, _, { offset }) => ids.data.map((_, i) => (i % ids.shape[1]!) + offset),
  lower(to, { ids }, { attrs: { offset } }) {
    const shape = to.node("Shape", [ids]);
    const integer = (value: number): string => to.constant("int64", [], [value]);
    const seq = to.node("Gather", [shape, integer(1)]);
    const row = to.node("Range", [integer(offset), to.node("Add", [seq, integer(offset)]), integer(1)]);
    return to.node("Reshape", [to.node("Expand", [row, shape]), to.ints([-1])]);
  },
});

/**
 * RoBERTa's positions: real tokens count up from `paddingIdx + 1`, padding stays at `paddingIdx`. Decided by id, not by
 * the attention mask. `ids [batch, seq]` → `[batch*seq]` integers.
 * @see transformers, `create_position_ids_from_input_ids`.
 */
export const positionsAfterPadding: OpFunction<["ids"], { readonly paddingIdx: number }> = defineOp({
  name: "PositionsAfterPadding",
  operands: ["ids"],
  infer: ({ ids }) => ({ dtype: "int64", shape: [ids.shape.join("*")] }),
  vjp: { ids: nonDifferentiable },
  reference({ ids }, _, { paddingIdx }) {
    let count = 0;
    return ids.data.map((id, i) => {
      if (i % ids.shape[1]! === 0) count = 0;
      return id === paddingIdx ? paddingIdx : ++count + paddingIdx;
    });
  },
  lower(to, { ids }, { attrs: { paddingIdx } }) {
    const padding = to.constant("int64", [], [paddingIdx]);
    const real = to.node("Indicator", [to.node("Not", [to.node("Equal", [ids, padding])])]);
    const count = to.node("Mul", [to.node("CumSum", [real, to.constant("int64", [], [1])]), real]);
    return to.node("Reshape", [to.node("Add", [count, padding]), to.ints([-1])]);
  },
});
