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
  /** Label smoothing ε: part of the target that all classes share equally. Absent: 0. */
  readonly smoothing?: number;
}

/**
 * The sum over rows of `−weights[label] · log softmax(logits)[label]`; rows labelled −100 are left out. With smoothing ε that times
 * `1 − ε`, and `ε` times the mean over the classes of `−weights[class] · log softmax(logits)[class]`, as torch's `cross_entropy`.
 *
 * Shapes: `logits [rows, classes]`, `labels [rows]` integers → scalar, in nats. The classes may be a length of run time. A sum, not a mean: the trainer divides
 * by the count, or the sum of the weights, over the whole optimizer step.
 */
export const crossEntropy: OpFunction<["logits", "labels"], CrossEntropyAttrs> = defineOp({
  name: "CrossEntropy",
  operands: ["logits", "labels"],
  infer({ logits, labels }, { weights, smoothing }) {
    if (logits.shape.length !== 2 || labels.shape.join() !== `${logits.shape[0]}`) {
      throw new OperandError("CrossEntropy", `logits [${logits.shape}] and labels [${labels.shape}] do not fit`);
    }
    if (weights && weights.length !== logits.shape[1]) {
      throw new OperandError("CrossEntropy", `${weights.length} weights for logits [${logits.shape}]`);
    }
    if (smoothing && typeof logits.shape[1] !== "number") {
      throw new OperandError("CrossEntropy", `label smoothing needs a known number of classes, got [${logits.shape}]`);
    }
    return { dtype: logits.dtype, shape: [] };
  },
  vjp: {
    logits: (dy, { logits, labels }, attrs) => crossEntropyBackward(dy, logits, labels, attrs),
    labels: nonDifferentiable,
  },
  reference({ logits, labels }, _, attrs) {
    let loss = 0;
    eachRow(logits, (row, i) => {
      const label = labels.data[i]!;
      if (label === IGNORED_LABEL) return;
      const targets = targetsOf(label, row.length, attrs);
      softmax(row).forEach((p, j) => {
        if (targets[j] !== 0) loss -= targets[j]! * Math.log(p);
      });
    });
    return Float64Array.of(loss);
  },
  lower(to, { logits, labels }, { types, attrs }) {
    const { weights, smoothing } = attrs;
    if (smoothing) {
      const { targets } = lowerTargets(to, labels, types.logits.shape[1] as number, attrs);
      const losses = to.node("Mul", [to.node("LogSoftmax", [logits], { attrs: { axis: -1 } }), targets]);
      return to.node("Neg", [to.node("ReduceSum", [losses], { attrs: { keepdims: 0 } })]);
    }
    const operands = [logits, labels, ...(weights ? [to.constant("float32", [weights.length], weights)] : [])];
    return to.node("SoftmaxCrossEntropyLoss", operands, {
      attrs: { ignore_index: IGNORED_LABEL, reduction: "sum" },
    });
  },
});

/** `dlogits = dy · (softmax(logits) · Σ targets − targets)`, where the target of the label is its weight, and 0 in rows labelled −100. */
export const crossEntropyBackward: OpFunction<["dy", "logits", "labels"], CrossEntropyAttrs> = defineOp({
  name: "CrossEntropyBackward",
  operands: ["dy", "logits", "labels"],
  infer: ({ logits }) => logits,
  vjp: { dy: notTwice, logits: notTwice, labels: nonDifferentiable },
  reference({ dy, logits, labels }, _, attrs) {
    const dx = new Float64Array(logits.data.length);
    eachRow(logits, (row, i) => {
      const label = labels.data[i]!;
      if (label === IGNORED_LABEL) return;
      const targets = targetsOf(label, row.length, attrs);
      const sum = targets.reduce((a, b) => a + b, 0);
      softmax(row).forEach((p, j) => {
        dx[i * row.length + j] = dy.data[0]! * (p * sum - targets[j]!);
      });
    });
    return dx;
  },
  lower(to, { dy, logits, labels }, { y: { shape }, attrs }) {
    const probabilities = to.node("Softmax", [logits], { attrs: { axis: -1 } });
    const [, count] = shape;
    if (attrs.weights || attrs.smoothing) {
      const { targets, sums } = lowerTargets(to, labels, count as number, attrs);
      return to.node("Mul", [to.node("Sub", [to.node("Mul", [probabilities, sums]), targets]), dy]);
    }
    const classes =
      typeof count === "number"
        ? to.constant("int64", [], [count])
        : to.node("Gather", [to.node("Shape", [logits]), to.constant("int64", [], [1])]);
    const { ignored, onehot } = lowerOneHot(to, labels, classes);
    const weight = to.node("Unsqueeze", [to.node("Where", [ignored, to.scalar(0), dy]), to.ints([1])]);
    return to.node("Mul", [to.node("Sub", [probabilities, onehot]), weight]);
  },
});

/** Targets of a row: `shared` for every class, and `own` for the class of its label on top. */
function parts(classes: number, { weights, smoothing = 0 }: CrossEntropyAttrs): { own: number[]; shared: number[] } {
  const all = Array.from({ length: classes }, (_, j) => weights?.[j] ?? 1);
  return {
    own: all.map((weight) => (1 - smoothing) * weight),
    shared: all.map((weight) => (smoothing * weight) / classes),
  };
}

/** Target of each class for a row of that label. */
function targetsOf(label: number, classes: number, attrs: CrossEntropyAttrs): number[] {
  const { own, shared } = parts(classes, attrs);
  return shared.map((target, j) => target + (j === label ? (own[j] as number) : 0));
}

/** The ONNX form of `targetsOf` for all rows `[rows, classes]`, and their sums `[rows, 1]`; 0 in rows labelled −100. */
function lowerTargets(
  to: Lowering,
  labels: string,
  classes: number,
  attrs: CrossEntropyAttrs,
): { readonly targets: string; readonly sums: string } {
  const { own, shared } = parts(classes, attrs);
  const sharedSum = shared.reduce((a, b) => a + b, 0);
  const row = (values: readonly number[]): string => to.constant("float32", [classes], values);
  const { ignored, index, onehot } = lowerOneHot(to, labels, to.constant("int64", [], [classes]));
  const [left, at] = [ignored, index].map((one) => to.node("Unsqueeze", [one, to.ints([1])])) as [string, string];
  const kept = (rows: string): string => to.node("Where", [left, to.scalar(0), rows]);
  return {
    targets: kept(to.node("Add", [to.node("Mul", [onehot, row(own)]), row(shared)])),
    sums: kept(to.node("Gather", [row(own.map((target) => target + sharedSum)), at])),
  };
}

/** Rows labelled −100, the label of each other row, and one-hot rows of those. */
function lowerOneHot(
  to: Lowering,
  labels: string,
  classes: string,
): { readonly ignored: string; readonly index: string; readonly onehot: string } {
  const ignored = to.node("Equal", [labels, to.constant("int64", [], [IGNORED_LABEL])]);
  const index = to.node("Where", [ignored, to.constant("int64", [], [0]), labels]);
  return { ignored, index, onehot: to.node("OneHot", [index, classes, to.constant("float32", [2], [0, 1])]) };
}

function softmax(row: Float64Array): Float64Array {
  const top = Math.max(...row);
  const powers = row.map((x) => Math.exp(x - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
