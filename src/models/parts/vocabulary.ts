import type { Value } from "../../ir/graph.ts";
import { embedding } from "../../ops/nn/embedding.ts";
import { vocabularyLogits } from "../../ops/token-loss/vocabulary-logits.ts";
import type { ModelInputs } from "./architecture.ts";
import type { ModuleScope } from "./scope.ts";

/** The hidden states of the rows whose token is asked for: `[batch*seq, hidden]` → `[rows, hidden]`. */
export const predictedRows = (h: Value, { rows }: ModelInputs): Value =>
  rows ? embedding(rows, h, { distinct: true }) : h;

/** Parameters of an output layer, as paths from the model's root. */
export interface MaskedOutput {
  /** The weight of the embeddings. */
  readonly embedding: string;
  /** The weight where `tie_word_embeddings` is false. */
  readonly weight: string;
  readonly bias: string;
  /** The bias where the weight is not tied. Default: as `bias`. */
  readonly ownBias?: string;
}

/** Keys of `config.json` that the output layer of an encoder depends on. */
export interface MaskedConfig {
  readonly vocab_size: number;
  readonly tie_word_embeddings: boolean;
  readonly initializer_range: number;
}

/**
 * The logits of a masked language model: `h [rows, width]` → `[rows, vocab]`. A base checkpoint has neither a bias, which
 * starts at zero, nor a weight of its own.
 */
export function maskedLogits(m: ModuleScope, h: Value, output: MaskedOutput, c: MaskedConfig): Value {
  const shape = [c.vocab_size, h.shape[1] as number];
  const own = (): Value => m.param(output.weight, shape, { kind: "normal", std: c.initializer_range });
  const w = c.tie_word_embeddings ? m.param(output.embedding, shape) : own();
  const bias = c.tie_word_embeddings ? output.bias : (output.ownBias ?? output.bias);
  return vocabularyLogits(h, w, m.param(bias, [c.vocab_size], { kind: "zeros" }), {});
}
