import type { Optimizer } from "./optimizer.ts";
import { ParamStates } from "./param-states.ts";

/** Adam's constants; defaults as in torch. */
export interface AdamWOptions {
  /** Decay of the mean of gradients [0.9]. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients [0.999]. */
  readonly beta2?: number;
  /** Added to the root of the second moment [1e-8]. */
  readonly epsilon?: number;
}

/**
 * Adam with decoupled weight decay, number for number `torch.optim.AdamW`.
 *
 * State a parameter: `exp_avg [n]`, `exp_avg_sq [n]` and `step [1]`, 8 bytes an element.
 * @see Loshchilov & Hutter 2019, arXiv:1711.05101.
 */
export function adamW(options: AdamWOptions = {}): Optimizer {
  const states = new ParamStates((elements) => ({
    step: new Float32Array(1),
    exp_avg: new Float32Array(elements),
    exp_avg_sq: new Float32Array(elements),
  }));
  return {
    step(params, learningRate) {
      for (const param of params) {
        const { step, exp_avg, exp_avg_sq } = states.of(param);
        const rate = learningRate * param.learningRateScale;
        const factors = adamWFactors(options, ++step[0]!, rate, param.weightDecay);
        adamWUpdate(param.data, param.grad, exp_avg, exp_avg_sq, factors);
      }
    },
    state: () => states.all(),
    restore: (state) => states.restore(state),
    bytes: () => states.bytes(),
    bytesFor: momentBytes,
  };
}

/** Bytes of two moments in float32 and a step. */
export const momentBytes = (elements: number): number => 4 * (2 * elements + 1);

/** The numbers that all elements of a parameter share in one step. */
export interface AdamWFactors extends Required<AdamWOptions> {
  /** Factor of the parameter after weight decay. */
  readonly shrink: number;
  /** The learning rate with the first moment's bias correction. */
  readonly stepSize: number;
  /** The bias correction of the second moment's root. */
  readonly correction2: number;
}

/** The factors of a parameter's `step`-th step, counted from 1. */
export function adamWFactors(
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamWOptions,
  step: number,
  learningRate: number,
  weightDecay: number,
): AdamWFactors {
  return {
    beta1,
    beta2,
    epsilon,
    shrink: 1 - learningRate * weightDecay,
    stepSize: learningRate / (1 - beta1 ** step),
    correction2: 1 / Math.sqrt(1 - beta2 ** step),
  };
}

/** One step on `[n]` floats, all of a parameter or a piece: `data`, `expAvg` and `expAvgSq` change in place. */
export function adamWUpdate(
  data: Float32Array,
  grad: Float32Array,
  expAvg: Float32Array,
  expAvgSq: Float32Array,
  { beta1, beta2, epsilon, shrink, stepSize, correction2 }: AdamWFactors,
): void {
  for (let i = 0; i < data.length; i++) {
    const g = grad[i]!;
    const m = beta1 * expAvg[i]! + (1 - beta1) * g;
    const v = beta2 * expAvgSq[i]! + (1 - beta2) * g * g;
    expAvg[i] = m;
    expAvgSq[i] = v;
    data[i] = shrink * data[i]! - (stepSize * m) / (correction2 * Math.sqrt(v) + epsilon);
  }
}
