import type { Lowering } from "../../ir/lowering.ts";
import { defineOp, nonDifferentiable, notTwice, type OpFunction } from "../core/define.ts";
import { lowerRowSums } from "../nn/row-sums.ts";
import { lowerUpcast } from "../quantized/upcast.ts";
import {
  chunksOf,
  type LayerOperands,
  type LoweredLogits,
  lowerLabels,
  lowerLogits,
  lowerSoftcapDerivative,
  type TokenLossAttrs,
} from "./layer.ts";
import { eachLogitGradient } from "./reference.ts";

/**
 * Gradient by `w`, and in a last column by `bias` where there is one.
 *
 * Shapes: `dy`, `labels` and `normalizer` (the result of `tokenLoss`, with smoothing of `tokenLogSumExp`) `[rows]`, the others as `tokenLoss`'s →
 * `[vocab, hidden]`, `[vocab, hidden + 1]` with `bias`. Chunks are parts of the vocabulary here: each gives its own
 * rows of the result, and `normalizer` says what its logits are normalized by.
 */
export const tokenLossWeightBackward: OpFunction<["dy", "x", "w", "labels", "normalizer", "bias?"], TokenLossAttrs> =
  defineOp({
    name: "TokenLossWeightBackward",
    operands: ["dy", "x", "w", "labels", "normalizer", "bias?"],
    infer: ({ x, w, bias }) => ({
      dtype: x.dtype,
      shape: bias ? [w.shape[0] as number, (w.shape[1] as number) + 1] : w.shape,
    }),
    vjp: { dy: notTwice, x: notTwice, w: notTwice, labels: nonDifferentiable, normalizer: notTwice, bias: notTwice },
    reference({ dy, labels, ...layer }, { shape }, attrs) {
      const [vocab, width] = shape as [number, number];
      const hidden = layer.x.shape[1]!;
      const dw = new Float64Array(vocab * width);
      eachLogitGradient(layer, labels, attrs, (gradient, i, entry) => {
        for (let k = 0; k < width; k++) {
          dw[entry * width + k]! += dy.data[i]! * gradient * (k < hidden ? layer.x.data[i * hidden + k]! : 1);
        }
      });
      return dw;
    },
    lower(to, { dy, labels, normalizer, ...layer }, { types, y: { shape }, attrs }) {
      const { chunks, softcap, smoothing } = attrs;
      const { ignored, index } = lowerLabels(to, labels);
      const upcastRows = (rows: string): string => lowerUpcast(to, rows, types.w.dtype);
      const own = lowerOwnLogits(to, layer, upcastRows, index, softcap);
      const column = to.node("Unsqueeze", [normalizer, to.ints([1])]);
      const sum = smoothing ? column : to.node("Add", [column, own.logits]); // log Σ exp(logits)
      const subtracted = to.node("Where", [ignored, to.scalar(NOTHING), sum]);
      const x = layer.bias ? to.node("Pad", [layer.x, to.ints([0, 1]), to.scalar(1), to.ints([1])]) : layer.x;
      const scaled = to.node("Mul", [x, to.node("Unsqueeze", [dy, to.ints([1])])]);
      const dyx = to.node("Where", [ignored, to.scalar(0), scaled]);

      const parts = chunksOf(types.w.shape[0] as number, chunks).map(([start, end]) => {
        // Not before dy: a chunk that the loss computed too would else be kept until then.
        const cut = (whole: string): string => to.node("SliceAfter", [whole, dy], { attrs: { start, end } });
        const part = { x: layer.x, w: upcastRows(cut(layer.w)), bias: layer.bias && cut(layer.bias) };
        const { logits, tanh } = lowerLogits(to, part, softcap);
        const p = to.node("Exp", [to.node("Sub", [logits, subtracted])]);
        const away = smoothing ? to.node("Sub", [p, to.scalar(smoothing / (types.w.shape[0] as number))]) : p;
        return to.node("Gemm", [lowerSoftcapDerivative(to, away, tanh), dyx], { attrs: { transA: 1 } });
      });
      const all = to.node("Concat", parts, { attrs: { axis: 0 } });
      const ofOwn = lowerSoftcapDerivative(to, dyx, own.tanh);
      const back = smoothing ? to.node("Mul", [ofOwn, to.scalar(smoothing - 1)]) : to.node("Neg", [ofOwn]);
      const { rows, sums } = lowerRowSums(to, to.node("Squeeze", [index, to.ints([1])]), back, shape[1] as number);
      const flat = to.node("Squeeze", [rows, to.ints([1])]);
      return to.node("ScatterND", [all, rows, to.node("Add", [to.node("Gather", [all, flat]), sums])]);
    },
  });

/** A normalizer under which every probability is 0. */
const NOTHING = 1e30;

/** The logit of each row's label, `[rows, 1]`. */
function lowerOwnLogits(
  to: Lowering,
  { x, w, bias }: LayerOperands<string>,
  upcastRows: (rows: string) => string,
  index: string,
  softcap?: number,
): LoweredLogits {
  const flat = to.node("Squeeze", [index, to.ints([1])]);
  const products = to.node("Mul", [x, upcastRows(to.node("Gather", [w, flat]))]);
  const sum = to.node("ReduceSum", [products, to.ints([1])], { attrs: { keepdims: 1 } });
  const logits = bias ? to.node("Add", [sum, to.node("Gather", [bias, index])]) : sum;
  if (softcap === undefined) return { logits };
  const tanh = to.node("Tanh", [to.node("Mul", [logits, to.scalar(1 / softcap)])]);
  return { logits: to.node("Mul", [tanh, to.scalar(softcap)]), tanh };
}
