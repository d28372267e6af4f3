import { defineOp, nonDifferentiable, notTwice, type OpFunction } from "../core/define.ts";
import type { TokenLossAttrs } from "./layer.ts";
import { eachLogitGradient } from "./reference.ts";
import { lowerTogether } from "./together.ts";

/**
 * Gradient of each row's loss by its `x`: `p·w − w[label]`, 0 where the label is −100. Operands as `tokenLoss`'s →
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
  lower: (to, layer, y, attrs) => lowerTogether(to, layer, y, attrs),
});
