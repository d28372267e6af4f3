import { OperandError } from "../../errors.ts";
import type { Dim, Tensor } from "../../ir/types.ts";
import { defineOp, notTwice, type OpFunction } from "../core/define.ts";
import { timesTransposed } from "../core/loops.ts";
import { lowerUpcast } from "../quantized/upcast.ts";

/** Settings of a language model's output layer. */
export interface VocabularyAttrs {
  /** Logits are capped into ±softcap: `softcap · tanh(logits / softcap)`. Absent: they are left alone. */
  readonly softcap?: number;
}

/** The logits `[rows, vocab]` in float64, capped. */
export function cappedLogits(
  { x, w, bias }: { readonly x: Tensor; readonly w: Tensor; readonly bias?: Tensor | undefined },
  { softcap }: VocabularyAttrs,
): Float64Array {
  const logits = timesTransposed(x, w.data, bias);
  return softcap === undefined ? logits : logits.map((logit) => softcap * Math.tanh(logit / softcap));
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
  reference: ({ x, w, bias }, _, attrs) => cappedLogits({ x, w, bias }, attrs),
  lower(to, { x, w: stored, bias }, { types, attrs: { softcap } }) {
    const w = lowerUpcast(to, stored, types.w.dtype);
    const logits = to.node("Gemm", bias ? [x, w, bias] : [x, w], { attrs: { transB: 1 } });
    if (softcap === undefined) return logits;
    const capped = to.node("Tanh", [to.node("Mul", [logits, to.scalar(1 / softcap)])]);
    return to.node("Mul", [capped, to.scalar(softcap)]);
  },
});
