import type { Example } from "./examples.ts";
import { IGNORED } from "./labels.ts";
import type { PackedExample } from "./packing.ts";
import { type SentencesExample, textsIn } from "./sentences.ts";

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
  /** `[batch, outputs]`, of examples that have targets instead of labels; `[rows]` of pairs that have a score. */
  readonly targets?: Float32Array;
  /** Rows of the batch that are the first text of an example, `[rows]`, and those that are a further one, of examples of several. */
  readonly parts?: { readonly anchors: BigInt64Array; readonly documents: BigInt64Array };
  /** Tokens that are not padding. */
  readonly realTokens: number;
}

/**
 * Pads examples on the right to the longest of them. BERT's token types of single texts are all 0: no array is made. Of an
 * example of several texts each is a row of its own, and the label is the place of its second text among `documents`.
 */
export function collate(examples: readonly (Example | PackedExample)[], padId: number): Batch {
  const several = examples.filter((example) => "ends" in example);
  return several.length > 0 ? collateSentences(several, padId) : collateTexts(examples, padId);
}

function collateSentences(examples: readonly SentencesExample[], padId: number): Batch {
  const texts = examples.map(textsIn);
  const rows = texts.flat().map((ids) => ({ ids, label: 0, where: "" }));
  const [anchors, seconds, others]: [number[], number[], number[]] = [[], [], []];
  let row = 0;
  for (const { length } of texts) {
    anchors.push(row);
    seconds.push(row + 1);
    for (let i = 2; i < length; i++) others.push(row + i);
    row += length;
  }
  const scores = examples.flatMap(({ score }) => score ?? []);
  return {
    ...collateTexts(rows, padId),
    labels: BigInt64Array.from(examples.keys(), BigInt),
    parts: {
      anchors: BigInt64Array.from(anchors, BigInt),
      documents: BigInt64Array.from([...seconds, ...others], BigInt),
    },
    ...(scores.length > 0 && { targets: Float32Array.from(scores) }),
  };
}

function collateTexts(examples: readonly (Example | PackedExample)[], padId: number): Batch {
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
