import type { Value } from "../ir/graph.ts";
import { embedding } from "../ops/embedding.ts";
import { vocabularyLogits } from "../ops/vocabulary-logits.ts";
import type { ModelInputs } from "./architecture.ts";
import type { ModuleScope } from "./scope.ts";

/** The hidden states of the rows whose token is asked for: `[batch*seq, hidden]` → `[rows, hidden]`. */
export const askedRows = (h: Value, { rows }: ModelInputs): Value =>
  rows ? embedding(rows, h, { distinct: true }) : h;

/** An output layer with a weight that may be that of the embeddings, and a bias of its own. */
export interface TiedOutput {
  /** Paths from the model's root. */
  readonly weight: string;
  readonly bias: string;
  readonly vocab: number;
}

/**
 * The logits of a masked language model: `h [rows, width]` → `[rows, vocab]`. A base checkpoint has no bias: it starts
 * at zero.
 */
export function tiedLogits(m: ModuleScope, h: Value, { weight, bias, vocab }: TiedOutput): Value {
  const w = m.param(weight, [vocab, h.shape[1] as number]);
  return vocabularyLogits(h, w, m.param(bias, [vocab], { kind: "zeros" }), {});
}
