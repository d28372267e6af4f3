import type { TextExample } from "./classification.ts";
import { IGNORED } from "./labels.ts";
import type { TokenExample } from "./tokens.ts";

/** A padded batch, as the model's inputs take it. All arrays are int64, row-major. */
export interface Batch {
  readonly batch: number;
  /** Longest example of the batch, in tokens. */
  readonly seq: number;
  /** `[batch, seq]`, padded on the right. */
  readonly inputIds: BigInt64Array;
  /** `[batch, seq]`: 1 at real tokens, 0 at padding. */
  readonly attentionMask: BigInt64Array;
  /** `[batch]` for classes of texts; `[batch, seq]` for classes of tokens, `IGNORED` where there is none. */
  readonly labels: BigInt64Array;
  /** Tokens that are not padding. */
  readonly realTokens: number;
}

/** Pads examples on the right to the longest of them. BERT's token types of single texts are all 0: no array is made. */
export function collate(examples: readonly TextExample[] | readonly TokenExample[], padId: number): Batch {
  const batch = examples.length;
  const seq = examples.reduce((longest, { ids }) => Math.max(longest, ids.length), 0);
  const inputIds = new BigInt64Array(batch * seq).fill(BigInt(padId));
  const attentionMask = new BigInt64Array(batch * seq);
  const perToken = examples.some((example) => "labels" in example);
  const labels = new BigInt64Array(perToken ? batch * seq : batch).fill(BigInt(IGNORED));
  let realTokens = 0;
  examples.forEach((example, row) => {
    const start = row * seq;
    const { length } = example.ids;
    inputIds.set(Array.from(example.ids, BigInt), start);
    attentionMask.fill(1n, start, start + length);
    if ("labels" in example) labels.set(Array.from(example.labels, BigInt), start);
    else labels[row] = BigInt(example.label);
    realTokens += length;
  });
  return { batch, seq, inputIds, attentionMask, labels, realTokens };
}
