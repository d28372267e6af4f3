import type { TextExample } from "./classification.ts";
import { IGNORED } from "./labels.ts";
import type { PackedExample } from "./packing.ts";
import type { TargetExample } from "./targets.ts";
import type { TokenExample } from "./tokens.ts";

/** A padded batch, as the model's inputs take it. All arrays are int64, row-major. */
export interface Batch {
  readonly batch: number;
  /** Longest example of the batch, in tokens. */
  readonly seq: number;
  /** `[batch, seq]`, padded on the right. */
  readonly inputIds: BigInt64Array;
  /** `[batch, seq]`: 1 at real tokens, of packed rows the number of their document; 0 at padding. */
  readonly attentionMask: BigInt64Array;
  /** `[batch, seq]`: the place of each token in its document, from 0. */
  readonly positions: BigInt64Array;
  /** `[batch]` for classes of texts; `[batch, seq]` for classes of tokens, `IGNORED` where there is none. */
  readonly labels: BigInt64Array;
  /** `[batch, outputs]`, of examples that have targets instead of labels. */
  readonly targets?: Float32Array;
  /** Tokens that are not padding. */
  readonly realTokens: number;
}

/** Pads examples on the right to the longest of them. BERT's token types of single texts are all 0: no array is made. */
export function collate(
  examples: readonly (TextExample | TokenExample | PackedExample | TargetExample)[],
  padId: number,
): Batch {
  const batch = examples.length;
  const seq = examples.reduce((longest, { ids }) => Math.max(longest, ids.length), 0);
  const inputIds = new BigInt64Array(batch * seq).fill(BigInt(padId));
  const attentionMask = new BigInt64Array(batch * seq);
  const positions = new BigInt64Array(batch * seq);
  const perToken = examples.some((example) => "labels" in example);
  const labels = new BigInt64Array(perToken ? batch * seq : batch).fill(BigInt(IGNORED));
  let realTokens = 0;
  examples.forEach((example, row) => {
    const start = row * seq;
    const { length } = example.ids;
    inputIds.set(Array.from(example.ids, BigInt), start);
    const packed = "documents" in example ? example : undefined;
    for (let i = 0; i < length; i++) {
      attentionMask[start + i] = BigInt(packed?.documents[i] ?? 1);
      positions[start + i] = BigInt(packed?.positions[i] ?? i);
    }
    if ("labels" in example) labels.set(Array.from(example.labels, BigInt), start);
    else if ("label" in example) labels[row] = BigInt(example.label);
    realTokens += length;
  });
  const targets = examples.flatMap((example) => ("targets" in example ? [...example.targets] : []));
  const both = { batch, seq, inputIds, attentionMask, positions, labels, realTokens };
  return targets.length > 0 ? { ...both, targets: Float32Array.from(targets) } : both;
}
