import type { Optimizer } from "./optimizer.ts";
import { ParamStates } from "./param-states.ts";

/** SGD's constant; default as in torch. */
export interface SgdOptions {
  /** Share of the last update kept in the next [0]. */
  readonly momentum?: number;
}

/**
 * Gradient descent, number for number `torch.optim.SGD`: weight decay is added to the gradient.
 *
 * State a parameter: `momentum_buffer [n]`, or none without momentum.
 */
export function sgd({ momentum = 0 }: SgdOptions = {}): Optimizer {
  // A buffer of zeros makes the first update the gradient itself, as torch's first step does.
  const states = new ParamStates((elements) => ({ momentum_buffer: new Float32Array(momentum === 0 ? 0 : elements) }));
  return {
    step(params, learningRate) {
      for (const param of params) {
        const { data, grad, weightDecay } = param;
        const { momentum_buffer: buffer } = states.of(param);
        const rate = learningRate * param.learningRateScale;
        if (momentum === 0) {
          for (let i = 0; i < data.length; i++) data[i]! -= rate * (grad[i]! + weightDecay * data[i]!);
        } else {
          for (let i = 0; i < data.length; i++) {
            const update = momentum * buffer[i]! + grad[i]! + weightDecay * data[i]!;
            buffer[i] = update;
            data[i]! -= rate * update;
          }
        }
      }
    },
    state: () => (momentum === 0 ? new Map() : states.all()),
    restore: (state) => states.restore(state),
    bytes: () => states.bytes(),
    bytesFor: (elements) => (momentum === 0 ? 0 : 4 * elements),
  };
}
