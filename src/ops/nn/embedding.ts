import { OperandError } from "../../errors.ts";
import type { Dim } from "../../ir/types.ts";
import { defineOp, nonDifferentiable, notTwice, type OpFunction } from "../core/define.ts";
import { lowerRowSums } from "./row-sums.ts";

/** Settings of a look-up. */
export interface EmbeddingAttrs {
  /** The row that never learns from being looked up, as PyTorch's `padding_idx`. */
  readonly paddingIdx?: number;
  /** No id comes twice, so that no sum is needed for the gradient. */
  readonly distinct?: boolean;
}

/**
 * `y[i] = table[ids[i]]`. Shapes: `ids [rows]` integers, `table [vocab, hidden]` → `y [rows, hidden]`. The table may be
 * computed, its rows a length of run time: the op then gathers rows.
 */
export const embedding: OpFunction<["ids", "table"], EmbeddingAttrs> = defineOp({
  name: "Embedding",
  operands: ["ids", "table"],
  infer({ ids, table }) {
    if (ids.shape.length !== 1 || table.shape.length !== 2) {
      throw new OperandError(
        "Embedding",
        `takes ids [rows] and table [vocab, hidden]; got [${ids.shape}], [${table.shape}]`,
      );
    }
    return { dtype: table.dtype, shape: [ids.shape[0] as Dim, table.shape[1] as Dim] };
  },
  vjp: {
    ids: nonDifferentiable,
    table: (dy, { ids, table }, attrs) => embeddingBackward(dy, ids, table, attrs),
  },
  reference({ ids, table }, { shape }) {
    const [rows, hidden] = shape as [number, number];
    const y = new Float64Array(rows * hidden);
    ids.data.forEach((id, i) => void y.set(table.data.subarray(id * hidden, (id + 1) * hidden), i * hidden));
    return y;
  },
  lower: (to, { ids, table }) => to.node("Gather", [table, ids]),
});

/** The table's gradient: row `ids[i]` gathers every `dy[i]`, in the shape of `like`, of which only the shape is read. */
export const embeddingBackward: OpFunction<["dy", "ids", "like"], EmbeddingAttrs> = defineOp({
  name: "EmbeddingBackward",
  operands: ["dy", "ids", "like"],
  infer: ({ dy, like }) => ({ dtype: dy.dtype, shape: like.shape }),
  vjp: { dy: notTwice, ids: nonDifferentiable, like: nonDifferentiable },
  reference({ dy, ids }, { shape }, { paddingIdx }) {
    const [vocab, hidden] = shape as [number, number];
    const table = new Float64Array(vocab * hidden);
    ids.data.forEach((id, i) => {
      if (id === paddingIdx) return;
      for (let j = 0; j < hidden; j++) table[id * hidden + j]! += dy.data[i * hidden + j]!;
    });
    return table;
  },
  lower(to, { dy, ids, like }, { y: { shape }, attrs: { paddingIdx, distinct } }) {
    const known = shape.every((dim) => typeof dim === "number");
    const zeros = to.node("ConstantOfShape", [known ? to.ints(shape) : to.node("Shape", [like])]);
    const column = to.node("Unsqueeze", [ids, to.ints([1])]);
    const kept =
      paddingIdx === undefined
        ? dy
        : to.node("Where", [to.node("Equal", [column, to.constant("int64", [], [paddingIdx])]), to.scalar(0), dy]);
    if (distinct) return to.node("ScatterND", [zeros, column, kept]);
    const { rows, sums } = lowerRowSums(to, ids, kept, shape[1] as number);
    return to.node("ScatterND", [zeros, rows, sums]);
  },
});
