import { OperandError } from "../../errors.ts";
import type { Dim } from "../../ir/types.ts";
import { defineOp, notTwice, type OpFunction } from "../core/define.ts";
import { lowerUpcast } from "../quantized/upcast.ts";

/** Settings of a language model's output layer. */
export interface VocabularyAttrs {
  /** Logits are capped into ±softcap: `softcap · tanh(logits / softcap)`. Absent: they are left alone. */
  readonly softcap?: number;
}

/**
 * A language model's output layer: `logits = x·wᵀ + bias`. An op of its own, not a `Linear`: no adapter, no packing takes
 * it, and where only the loss is wanted the logits are never laid out whole (`tokenLoss`). `w` may be in half precision: what
 * is read of it is upcast then, not the whole.
 *
 * Shapes: `x [rows, hidden]`, `w [vocab, hidden]`, `bias [vocab]` → `[rows, vocab]`.
 */
export const vocabularyLogits: OpFunction<["x", "w", "bias?"], VocabularyAttrs> = defineOp({
  name: "VocabularyLogits",
  operands: ["x", "w", "bias?"],
  infer({ x, w, bias }) {
    const [vocab, hidden] = w.shape as [Dim, Dim];
    if (x.shape[1] !== hidden || (bias && bias.shape.join() !== `${vocab}`)) {
      throw new OperandError("VocabularyLogits", `x [${x.shape}], w [${w.shape}], bias [${bias?.shape}] do not fit`);
    }
    return { dtype: x.dtype, shape: [x.shape[0] as Dim, vocab] };
  },
  vjp: { x: notTwice, w: notTwice, bias: notTwice }, // trained through tokenLoss
  reference({ x, w, bias }, { shape }, { softcap }) {
    const [rows, vocab] = shape as [number, number];
    const hidden = x.shape[1] as number;
    return new Float64Array(rows * vocab).map((_, at) => {
      const [i, j] = [Math.floor(at / vocab), at % vocab];
      let sum = bias?.data[j] ?? 0;
      for (let k = 0; k < hidden; k++) sum += x.data[i * hidden + k]! * w.data[j * hidden + k]!;
      return softcap === undefined ? sum : softcap * Math.tanh(sum / softcap);
    });
  },
  lower(to, { x, w: stored, bias }, { types, attrs: { softcap } }) {
    const w = lowerUpcast(to, stored, types.w.dtype);
    const logits = to.node("Gemm", bias ? [x, w, bias] : [x, w], { attrs: { transB: 1 } });
    if (softcap === undefined) return logits;
    const capped = to.node("Tanh", [to.node("Mul", [logits, to.scalar(1 / softcap)])]);
    return to.node("Mul", [capped, to.scalar(softcap)]);
  },
});
