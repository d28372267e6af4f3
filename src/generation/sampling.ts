import type { Random } from "../random.ts";

/** Options for sampling the next token; names and defaults as in transformers' `generate`. */
export interface SamplingOptions {
  /** Logits are divided by it; 0: always the likeliest token. Default 0. */
  readonly temperature?: number;
  /** Only so many of the likeliest tokens are drawn from. Default: all. */
  readonly topK?: number;
  /** Only the likeliest tokens that make up this probability are drawn from. Default 1. */
  readonly topP?: number;
  /** Logits of tokens that are there already are divided by it, below zero multiplied. Default 1. */
  readonly repetitionPenalty?: number;
}

/**
 * Chooses the next token.
 *
 * @param logits `[vocab]`. Not changed.
 * @param before Ids of the prompt and of what was generated so far.
 * @see Holtzman et al. 2019, arXiv:1904.09751 (top-p); Keskar et al. 2019, arXiv:1909.05858 (repetition).
 */
export function chooseToken(
  logits: Float32Array,
  before: readonly number[],
  { temperature = 0, topK, topP = 1, repetitionPenalty = 1 }: SamplingOptions,
  random: Random,
): number {
  const scores = repetitionPenalty === 1 ? logits : penalized(logits, before, repetitionPenalty);
  if (temperature === 0 || topK === 1) return argmax(scores);
  const top = scores[argmax(scores)]!;
  const weights = Float64Array.from(scores, (score) => Math.exp((score - top) / temperature));
  if (topK !== undefined || topP < 1) keepLikeliest(weights, topK ?? weights.length, topP);
  let rest = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  const drawn = weights.findIndex((weight) => {
    rest -= weight;
    return rest < 0;
  });
  return drawn === -1 ? argmax(scores) : drawn; // rounding used up the last of them
}

function penalized(logits: Float32Array, before: readonly number[], penalty: number): Float32Array {
  const scores = logits.slice();
  for (const id of new Set(before)) scores[id]! *= scores[id]! < 0 ? penalty : 1 / penalty;
  return scores;
}

/** Sets all weights to zero but those of the `topK` likeliest, and of these the fewest that make up the share `topP`. */
function keepLikeliest(weights: Float64Array, topK: number, topP: number): void {
  const descending = weights.slice().sort().reverse().subarray(0, topK);
  const enough = topP * descending.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  const last = descending.findIndex((weight) => {
    sum += weight;
    return sum >= enough;
  });
  const kept = last === -1 ? descending : descending.subarray(0, last + 1);
  const least = kept[kept.length - 1]!;
  let ties = kept.length - kept.indexOf(least); // of equal ones the first
  weights.forEach((weight, id) => {
    if (weight < least || (weight === least && ties-- <= 0)) weights[id] = 0;
  });
}

/** Index of the largest element; of equal ones the first. */
export function argmax(scores: Float32Array): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  return best;
}
