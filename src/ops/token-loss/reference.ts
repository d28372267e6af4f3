import type { Tensor } from "../../ir/types.ts";
import { IGNORED_LABEL } from "../nn/cross-entropy.ts";
import type { LayerOperands, TokenLossAttrs } from "./layer.ts";

/** Calls `visit` with each row's logits, and with how much they would move by what went into the softcap. */
export function eachLogits(
  { x, w, bias }: LayerOperands<Tensor>,
  { softcap }: TokenLossAttrs,
  visit: (logits: Float64Array, slopes: Float64Array, row: number) => void,
): void {
  const [rows, hidden] = x.shape as [number, number];
  const row = new Float64Array(w.shape[0] as number);
  for (let i = 0; i < rows; i++) {
    const logits = row.map((_, j) => {
      let sum = bias?.data[j] ?? 0;
      for (let k = 0; k < hidden; k++) sum += x.data[i * hidden + k]! * w.data[j * hidden + k]!;
      return softcap === undefined ? sum : softcap * Math.tanh(sum / softcap);
    });
    visit(logits, softcap === undefined ? row.map(() => 1) : logits.map((y) => 1 - (y / softcap) ** 2), i);
  }
}

/** `log Σ exp(logits)`. */
export function logSumExp(logits: Float64Array): number {
  const top = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return top + Math.log(logits.reduce((sum, y) => sum + Math.exp(y - top), 0));
}

/** Calls `visit` with the gradient of each row's loss by each of its logits before the softcap. */
export function eachLogitGradient(
  layer: LayerOperands<Tensor>,
  labels: Tensor,
  attrs: TokenLossAttrs,
  visit: (gradient: number, row: number, entry: number) => void,
): void {
  eachLogits(layer, attrs, (logits, slopes, i) => {
    const label = labels.data[i]!;
    if (label === IGNORED_LABEL) return;
    const sum = logSumExp(logits);
    logits.forEach((y, j) => void visit(slopes[j]! * (Math.exp(y - sum) - (j === label ? 1 : 0)), i, j));
  });
}
