import { type Node, nodeOf, type Value } from "../../ir/graph.ts";
import type { Dim } from "../../ir/types.ts";
import { defineOp, nonDifferentiable, notTwice, type OpFunction } from "../core/define.ts";
import { IGNORED_LABEL } from "../nn/cross-entropy.ts";
import { mul } from "../nn/elementwise.ts";
import { reshape } from "../shape/shape.ts";
import { slice } from "../shape/slice.ts";
import { checkLayer, type TokenLossAttrs } from "./layer.ts";
import { eachLogitGradient, eachLogits, logSumExp } from "./reference.ts";
import { lowerTogether, type Questions } from "./together.ts";
import { tokenLossWeightBackward } from "./weight.ts";

/**
 * `−log softmax(x·wᵀ + bias)[label]` of each row, in nats; 0 where the label is −100. With smoothing ε that times `1 − ε`, and `ε` times
 * its mean over the vocabulary, as transformers' `LabelSmoother`.
 *
 * Shapes: `x [rows, hidden]`, `w [vocab, hidden]`, `labels [rows]` integers, `bias [vocab]` → `[rows]`. The logits
 * `[rows, vocab]`, the widest array of a language model by far, never exist whole, neither here nor in the backward
 * pass: a chunk's are computed, and the gradient by `x` for `dy = 1` taken from them, before the next chunk's are.
 * @throws {OperandError} when shapes do not fit.
 */
export const tokenLoss: OpFunction<["x", "w", "labels", "bias?"], TokenLossAttrs> = defineOp({
  name: "TokenLoss",
  operands: ["x", "w", "labels", "bias?"],
  rowwise: ["x", "labels"],
  infer(layer, attrs) {
    checkLayer("TokenLoss", layer, attrs);
    return { dtype: layer.x.dtype, shape: [layer.x.shape[0] as Dim] };
  },
  vjp: {
    x(dy, { y }, attrs) {
      // Of the operands the forward pass read, so that both use the same logits.
      const [x, w, labels, bias] = (nodeOf(y) as Node).inputs as readonly [Value, Value, Value, Value?];
      return mul(reshape(dy, { shape: [...dy.shape, 1] }), tokenLossBackward(x, w, labels, bias, attrs));
    },
    w(dy, { x, w, labels, bias, y }, attrs) {
      const both = tokenLossWeightBackward(dy, x, w, labels, normalizer(y, attrs), bias, attrs);
      return bias ? slice(both, { axis: 1, start: 0, end: w.shape[1] as number }) : both;
    },
    labels: nonDifferentiable,
    bias(dy, { x, w, labels, bias, y }, attrs) {
      const [vocab, hidden] = w.shape as [number, number];
      const both = tokenLossWeightBackward(dy, x, w, labels, normalizer(y, attrs), bias, attrs);
      return reshape(slice(both, { axis: 1, start: hidden, end: hidden + 1 }), { shape: [vocab] });
    },
  },
  reference({ labels, ...layer }, { shape }, attrs) {
    const losses = new Float64Array(shape[0] as number);
    eachLogits(layer, attrs, (logits, _, i) => {
      const label = labels.data[i]!;
      const { smoothing = 0 } = attrs;
      const mean = logits.reduce((sum, y) => sum + y, 0) / logits.length;
      if (label !== IGNORED_LABEL) losses[i] = logSumExp(logits) - (1 - smoothing) * logits[label]! - smoothing * mean;
    });
    return losses;
  },
  lower: (to, layer, { y, attrs }) => lowerTogether(to, layer, y, attrs, QUESTIONS),
});

/**
 * The entry of the vocabulary with the greatest logit, for each row; of equal ones the first. Operands as `tokenLoss`'s
 * → `[rows]` integers. Asked after the loss of the same rows, it reads the loss's logits.
 */
export const tokenChoice: OpFunction<["x", "w", "bias?"], TokenLossAttrs> = defineOp({
  name: "TokenChoice",
  operands: ["x", "w", "bias?"],
  rowwise: ["x"],
  infer(layer, attrs) {
    checkLayer("TokenChoice", layer, attrs);
    return { dtype: "int64", shape: [layer.x.shape[0] as Dim] };
  },
  vjp: { x: nonDifferentiable, w: nonDifferentiable, bias: nonDifferentiable },
  reference(layer, { shape }, attrs) {
    const choices = new Float64Array(shape[0] as number);
    eachLogits(layer, attrs, (logits, _, i) => {
      choices[i] = logits.reduce((best, y, j) => (y > logits[best]! ? j : best), 0);
    });
    return choices;
  },
  lower: (to, layer, { y, attrs }) => lowerTogether(to, layer, y, attrs, QUESTIONS),
});

/**
 * `log Σ exp(logits)` of each row, by which its probabilities are normalized. Operands as `tokenLoss`'s → `[rows]`. Asked with the loss
 * of the same rows, it reads the loss's logits.
 */
export const tokenLogSumExp: OpFunction<["x", "w", "bias?"], TokenLossAttrs> = defineOp({
  name: "TokenLogSumExp",
  operands: ["x", "w", "bias?"],
  rowwise: ["x"],
  infer(layer, attrs) {
    checkLayer("TokenLogSumExp", layer, attrs);
    return { dtype: layer.x.dtype, shape: [layer.x.shape[0] as Dim] };
  },
  vjp: { x: notTwice, w: notTwice, bias: notTwice },
  reference(layer, { shape }, attrs) {
    const sums = new Float64Array(shape[0] as number);
    eachLogits(layer, attrs, (logits, _, i) => {
      sums[i] = logSumExp(logits);
    });
    return sums;
  },
  lower: (to, layer, { y, attrs }) => lowerTogether(to, layer, y, attrs, QUESTIONS),
});

/** The value from which the gradient by `w` knows `log Σ exp(logits)`: the loss of the label alone, with smoothing that sum itself. */
function normalizer(loss: Value, attrs: TokenLossAttrs): Value {
  const [x, w, , bias] = (nodeOf(loss) as Node).inputs as readonly [Value, Value, Value, Value?];
  return attrs.smoothing ? tokenLogSumExp(x, w, bias, attrs) : loss;
}

/**
 * Gradient of each row's loss by its `x`: `p·w − w[label]`, with smoothing the mean of `w` in part; 0 where the label is −100. Operands as `tokenLoss`'s →
 * `[rows, hidden]`. It waits for no `dy`, so it is taken while the chunk's logits are there.
 */
export const tokenLossBackward: OpFunction<["x", "w", "labels", "bias?"], TokenLossAttrs> = defineOp({
  name: "TokenLossBackward",
  operands: ["x", "w", "labels", "bias?"],
  rowwise: ["x", "labels"],
  infer: ({ x }) => x,
  vjp: { x: notTwice, w: notTwice, labels: nonDifferentiable, bias: notTwice },
  reference({ labels, ...layer }, { shape }, attrs) {
    const hidden = shape[1] as number;
    const dx = new Float64Array(layer.x.data.length);
    eachLogitGradient(layer, labels, attrs, (gradient, i, entry) => {
      for (let k = 0; k < hidden; k++) dx[i * hidden + k]! += gradient * layer.w.data[entry * hidden + k]!;
    });
    return dx;
  },
  lower: (to, layer, { y, attrs }) => lowerTogether(to, layer, y, attrs, QUESTIONS),
});

/** The ops above, of whose results those that read the same logits are lowered together. */
const QUESTIONS: Questions = new Map([
  [tokenLoss.op, "loss"],
  [tokenLossBackward.op, "gradient"],
  [tokenChoice.op, "choice"],
  [tokenLogSumExp.op, "logSumExp"],
]);
