import type { Tensor } from "../../ir/types.ts";
import { eachRow } from "../core/loops.ts";
import { IGNORED_LABEL } from "../nn/cross-entropy.ts";
import type { LayerOperands, TokenLossAttrs } from "./layer.ts";
import { cappedLogits } from "./vocabulary-logits.ts";

/** Calls `visit` with each row's logits, and with their derivatives by the logits before the softcap. */
export function eachLogits(
  layer: LayerOperands<Tensor>,
  attrs: TokenLossAttrs,
  visit: (logits: Float64Array, derivatives: Float64Array, row: number) => void,
): void {
  const { softcap } = attrs;
  const all = { data: cappedLogits(layer, attrs), shape: [layer.x.shape[0]!, layer.w.shape[0]!] };
  eachRow(all, (logits, i) =>
    visit(
      logits,
      logits.map((y) => (softcap === undefined ? 1 : 1 - (y / softcap) ** 2)),
      i,
    ),
  );
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
  eachLogits(layer, attrs, (logits, derivatives, i) => {
    const label = labels.data[i]!;
    if (label === IGNORED_LABEL) return;
    const sum = logSumExp(logits);
    const { smoothing = 0 } = attrs;
    logits.forEach((y, j) => {
      const target = smoothing / logits.length + (j === label ? 1 - smoothing : 0);
      visit(derivatives[j]! * (Math.exp(y - sum) - target), i, j);
    });
  });
}
