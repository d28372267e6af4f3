import { DataError } from "../errors.ts";
import { PROGRAM } from "../program.ts";

/**
 * `exp` of the mean negative log-likelihood: how many equally likely tokens the model is as unsure as.
 *
 * @param lossSum Sum of the tokens' cross-entropies, in nats.
 * @param tokens  How many tokens were predicted.
 * @throws {DataError} when there were none.
 */
export function perplexity(lossSum: number, tokens: number): number {
  if (tokens === 0) {
    throw new DataError("No token was predicted, so there is no perplexity.", {
      hint: `every label of the split is masked; check the rows with \`${PROGRAM} inspect --data\`.`,
    });
  }
  return Math.exp(lossSum / tokens);
}
