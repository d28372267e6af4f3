import { OperandError } from "../../errors.ts";
import { defineOp, nonDifferentiable, type OpFunction } from "../core/define.ts";
import { zip } from "../core/loops.ts";
import { mul, sub } from "./elementwise.ts";
import { sigmoid } from "./sigmoid.ts";

/**
 * `−t · log σ(x) − (1 − t) · log(1 − σ(x))`, element by element, computed as `max(x, 0) − x · t + log(1 + e^−|x|)`, which does
 * not overflow. PyTorch's `binary_cross_entropy_with_logits` without a reduction.
 *
 * Shapes: `logits [rows, classes]`, `targets [rows, classes]` from 0 to 1 → `[rows, classes]`, in nats.
 */
export const binaryCrossEntropy: OpFunction<["logits", "targets"]> = defineOp({
  name: "BinaryCrossEntropy",
  operands: ["logits", "targets"],
  infer({ logits, targets }) {
    if (logits.shape.join() !== targets.shape.join()) {
      throw new OperandError(
        "BinaryCrossEntropy",
        `logits [${logits.shape}] and targets [${targets.shape}] do not fit`,
      );
    }
    return logits;
  },
  vjp: {
    logits: (dy, { logits, targets }) => mul(dy, sub(sigmoid(logits), targets)),
    targets: nonDifferentiable,
  },
  reference: ({ logits, targets }, { shape }) =>
    zip(logits, targets, shape, (x, t) => Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x)))),
  lower(to, { logits, targets }) {
    const linear = to.node("Sub", [to.node("Relu", [logits]), to.node("Mul", [logits, targets])]);
    const power = to.node("Exp", [to.node("Neg", [to.node("Abs", [logits])])]);
    return to.node("Add", [linear, to.node("Log", [to.node("Add", [power, to.scalar(1)])])]);
  },
});
