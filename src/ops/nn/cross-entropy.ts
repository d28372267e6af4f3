import { OperandError } from "../../errors.ts";
import { IGNORED_LABEL } from "../../ignored-label.ts";
import type { Lowering } from "../../ir/lowering.ts";
import { defineOp, nonDifferentiable, notTwice, type OpFunction } from "../core/define.ts";
import { eachRow } from "../core/loops.ts";

export { IGNORED_LABEL };

/** Settings of a classification loss. */
export interface CrossEntropyAttrs {
  /** Weight of each class: a row's loss is multiplied by that of its label. Absent: 1. */
  readonly weights?: readonly number[];
}

/**
 * The sum over rows of `−weights[label] · log softmax(logits)[label]`; rows labelled −100 are left out.
 *
 * Shapes: `logits [rows, classes]`, `labels [rows]` integers → scalar, in nats. The classes may be a length of run time. A sum, not a mean: the trainer divides
 * by the count, or the sum of the weights, over the whole optimizer step.
 */
export const crossEntropy: OpFunction<["logits", "labels"], CrossEntropyAttrs> = defineOp({
  name: "CrossEntropy",
  operands: ["logits", "labels"],
  infer({ logits, labels }, { weights }) {
    if (logits.shape.length !== 2 || labels.shape.join() !== `${logits.shape[0]}`) {
      throw new OperandError("CrossEntropy", `logits [${logits.shape}] and labels [${labels.shape}] do not fit`);
    }
    if (weights && weights.length !== logits.shape[1]) {
      throw new OperandError("CrossEntropy", `${weights.length} weights for logits [${logits.shape}]`);
    }
    return { dtype: logits.dtype, shape: [] };
  },
  vjp: {
    logits: (dy, { logits, labels }, attrs) => crossEntropyBackward(dy, logits, labels, attrs),
    labels: nonDifferentiable,
  },
  reference({ logits, labels }, _, { weights }) {
    let loss = 0;
    eachRow(logits, (row, i) => {
      const label = labels.data[i]!;
      if (label !== IGNORED_LABEL) loss -= (weights?.[label] ?? 1) * Math.log(softmax(row)[label]!);
    });
    return Float64Array.of(loss);
  },
  lower: (to, { logits, labels }, { attrs: { weights } }) =>
    to.node("SoftmaxCrossEntropyLoss", [logits, labels, ...(weights ? [lowerWeights(to, weights)] : [])], {
      attrs: { ignore_index: IGNORED_LABEL, reduction: "sum" },
    }),
});

/** `dlogits = dy · weights[label] · (softmax(logits) − onehot(label))`, and 0 in rows labelled −100. */
export const crossEntropyBackward: OpFunction<["dy", "logits", "labels"], CrossEntropyAttrs> = defineOp({
  name: "CrossEntropyBackward",
  operands: ["dy", "logits", "labels"],
  infer: ({ logits }) => logits,
  vjp: { dy: notTwice, logits: notTwice, labels: nonDifferentiable },
  reference({ dy, logits, labels }, _, { weights }) {
    const dx = new Float64Array(logits.data.length);
    eachRow(logits, (row, i) => {
      const label = labels.data[i]!;
      if (label === IGNORED_LABEL) return;
      const weight = dy.data[0]! * (weights?.[label] ?? 1);
      softmax(row).forEach((p, j) => {
        dx[i * row.length + j] = weight * (p - (j === label ? 1 : 0));
      });
    });
    return dx;
  },
  lower(to, { dy, logits, labels }, { y: { shape }, attrs: { weights } }) {
    const probabilities = to.node("Softmax", [logits], { attrs: { axis: -1 } });
    const ignored = to.node("Equal", [labels, to.constant("int64", [], [IGNORED_LABEL])]);
    const index = to.node("Where", [ignored, to.constant("int64", [], [0]), labels]);
    const [, count] = shape;
    const classes =
      typeof count === "number"
        ? to.constant("int64", [], [count])
        : to.node("Gather", [to.node("Shape", [logits]), to.constant("int64", [], [1])]);
    const onehot = to.node("OneHot", [index, classes, to.constant("float32", [2], [0, 1])]);
    const own = weights ? to.node("Mul", [to.node("Gather", [lowerWeights(to, weights), index]), dy]) : dy;
    const weight = to.node("Unsqueeze", [to.node("Where", [ignored, to.scalar(0), own]), to.ints([1])]);
    return to.node("Mul", [to.node("Sub", [probabilities, onehot]), weight]);
  },
});

const lowerWeights = (to: Lowering, weights: readonly number[]): string =>
  to.constant("float32", [weights.length], weights);

function softmax(row: Float64Array): Float64Array {
  const top = Math.max(...row);
  const powers = row.map((x) => Math.exp(x - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
