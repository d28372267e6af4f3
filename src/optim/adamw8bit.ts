import { type AdamWOptions, adamWFactors, adamWUpdate, momentBytes } from "./adamw.ts";
import type { Optimizer, StateTensor } from "./optimizer.ts";
import { ParamStates } from "./param-states.ts";

/** Elements that share one `absmax`, as in bitsandbytes. */
const STATE_BLOCK_SIZE = 256;

/** Smaller parameters keep 32-bit state: it costs little, and they are often the sensitive ones. */
const MIN_8BIT_ELEMENTS = 4096;

/** Elements held in float32 at a time: a multiple of the block size that stays in the first-level cache. */
const CHUNK = 8 * STATE_BLOCK_SIZE;

/** A moment `[n]` in 8 bits. */
export interface MomentBlocks {
  /** Selects the dynamic map: the signed one (mean of gradients) or the unsigned one (mean of their squares). */
  readonly signed: boolean;
  /** `[n]` */
  readonly codes: Uint8Array;
  /** `[⌈n / 256⌉]`, the largest magnitude of each block; the last block may be short. */
  readonly absmax: Float32Array;
}

/** Codec of moments, passed by the caller. */
export interface MomentCodec {
  /** Overwrites `into` by `values [n]`. */
  quantize(values: Float32Array, into: MomentBlocks): void;
  /** Writes `out [n]`. An `absmax` of 0 gives zeros, whatever the codes. */
  dequantize(blocks: MomentBlocks, out: Float32Array): void;
}

/**
 * AdamW with its moments in 8 bits, as `bitsandbytes.optim.AdamW8bit`.
 *
 * Parameters under 4096 elements keep float32 moments. State of the others: `exp_avg [n]` and `exp_avg_sq [n]` as
 * uint8, each with `…_absmax [⌈n / 256⌉]`, and `step [1]`; 2.03 bytes an element.
 * @see Dettmers et al. 2022, arXiv:2110.02861.
 */
export function adamW8bit(codec: MomentCodec, options: AdamWOptions = {}): Optimizer {
  const states = new ParamStates(createState);
  const expAvg = new Float32Array(CHUNK);
  const expAvgSq = new Float32Array(CHUNK);
  return {
    step(params, learningRate) {
      for (const param of params) {
        const state = states.of(param);
        const { data, grad } = param;
        const rate = learningRate * param.learningRateScale;
        const factors = adamWFactors(options, ++state.step[0]!, rate, param.weightDecay);
        if (!is8bit(state)) {
          adamWUpdate(data, grad, state.exp_avg, state.exp_avg_sq, factors);
          continue;
        }
        for (let from = 0; from < data.length; from += CHUNK) {
          const to = Math.min(from + CHUNK, data.length);
          const m = expAvg.subarray(0, to - from);
          const v = expAvgSq.subarray(0, to - from);
          const first = blocksOf(true, state.exp_avg, state.exp_avg_absmax, from, to);
          const second = blocksOf(false, state.exp_avg_sq, state.exp_avg_sq_absmax, from, to);
          codec.dequantize(first, m);
          codec.dequantize(second, v);
          adamWUpdate(data.subarray(from, to), grad.subarray(from, to), m, v, factors);
          codec.quantize(m, first);
          codec.quantize(v, second);
        }
      }
    },
    state: () => states.all(),
    restore: (state) => states.restore(state),
    bytes: () => states.bytes(),
    bytesFor: (elements) =>
      elements < MIN_8BIT_ELEMENTS ? momentBytes(elements) : 2 * elements + 4 * (2 * blocksIn(elements) + 1),
  };
}

type State32 = { readonly step: Float32Array; readonly exp_avg: Float32Array; readonly exp_avg_sq: Float32Array };
type State8 = {
  readonly step: Float32Array;
  readonly exp_avg: Uint8Array;
  readonly exp_avg_absmax: Float32Array;
  readonly exp_avg_sq: Uint8Array;
  readonly exp_avg_sq_absmax: Float32Array;
};

const blocksIn = (elements: number): number => Math.ceil(elements / STATE_BLOCK_SIZE);

const is8bit = (state: State32 | State8): state is State8 => state.exp_avg instanceof Uint8Array;

function createState(elements: number): Readonly<Record<string, StateTensor>> & (State32 | State8) {
  const step = new Float32Array(1);
  if (elements < MIN_8BIT_ELEMENTS) {
    return { step, exp_avg: new Float32Array(elements), exp_avg_sq: new Float32Array(elements) };
  }
  const blocks = blocksIn(elements);
  return {
    step,
    exp_avg: new Uint8Array(elements),
    exp_avg_absmax: new Float32Array(blocks),
    exp_avg_sq: new Uint8Array(elements),
    exp_avg_sq_absmax: new Float32Array(blocks),
  };
}

/** The part of a moment from a block's first element on. */
function blocksOf(signed: boolean, codes: Uint8Array, absmax: Float32Array, from: number, to: number): MomentBlocks {
  return {
    signed,
    codes: codes.subarray(from, to),
    absmax: absmax.subarray(from / STATE_BLOCK_SIZE, Math.ceil(to / STATE_BLOCK_SIZE)),
  };
}
