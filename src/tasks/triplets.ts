import { type TextExample, type TextRow, textRow } from "../examples/classification.ts";
import { rowEncoder } from "../examples/encode.ts";
import type { Examples } from "../examples/examples.ts";
import { atLengths, distance, unit } from "../metrics/vectors.ts";
import { columnsOf } from "./classifier.ts";
import type { Asked, ScoreOptions, Scores, TaskDefinition } from "./definition.ts";
import { MARGIN, tripletLoss } from "./embedding-loss.ts";
import { embeddingsOf } from "./embeddings.ts";
import { ranking } from "./ranking.ts";
import { closestFirst, rankingOf, searchScores } from "./retrieval-scores.ts";
import { splitOf } from "./split.ts";

/** Embeddings that are closer within a class than between classes. */
export const triplets: TaskDefinition = {
  ...ranking,
  reads: (columns, { text_column, label_column }) =>
    [text_column, label_column].every((name) => columns.includes(name)),
  uses: () => [], // rows of texts with labels are a classifier's first
  split: (rows, recipe) =>
    splitOf<TextRow>(rows, {
      pick: (row) => textRow(row, columnsOf(recipe)),
      text: ({ text }) => text,
      encoder({ tokenizer, maxLength }) {
        const numbers = new Map<unknown, number>();
        const numberOf = (label: unknown): number => numbers.get(label) ?? numbers.set(label, numbers.size).size - 1;
        return rowEncoder(({ text, label, where }) => {
          const { ids, specials } = tokenizer.encode(text, { maxLength });
          return ids.length > specials ? [{ ids: Int32Array.from(ids), label: numberOf(label), where }] : [];
        });
      },
    }),
  loss: tripletLoss,
  score: classScores,
  labelText: (example) => String((example as TextExample).label),
};

/**
 * Scores search by an example: each text against all others; those of its class are right. Texts that are alone in their
 * class ask for nothing. `undefined` when it was stopped.
 */
async function classScores(model: Asked, examples: Examples, options: ScoreOptions): Promise<Scores | undefined> {
  const { batchSize, matryoshkaDims, stop } = options;
  const vectors = await embeddingsOf(model, examples, batchSize, stop);
  if (!vectors) return undefined;
  const labels = Array.from(examples, (example) => (example as TextExample).label);
  const units = vectors.map(unit);
  const rankings = labels.flatMap((label, query) => {
    const others = [...labels.keys()].filter((other) => other !== query);
    const relevant = others.filter((other) => labels[other] === label).length;
    if (relevant === 0) return [];
    const found = closestFirst(query, others, units);
    const hits = found.map((other) => labels[other] === label);
    return [rankingOf({ row: query, hits, relevant, first: found[0] as number }, examples, options)];
  });
  const lengths = matryoshkaDims ? atLengths(vectors, matryoshkaDims) : [vectors];
  const lossSum = lengths.reduce((sum, cut) => sum + lossOf(labels, cut, batchSize), 0);
  return searchScores(rankings, lossSum, labels.length);
}

/** The triplet loss of batches in the order of the data, each times its texts. */
function lossOf(labels: readonly number[], vectors: readonly Float32Array[], batchSize: number): number {
  let total = 0;
  for (let start = 0; start < labels.length; start += batchSize) {
    const rows = [...labels.keys()].slice(start, start + batchSize);
    const far = (a: number, b: number): number => distance(vectors[a], vectors[b]);
    const short = rows.flatMap((a) =>
      rows
        .filter((p) => p !== a && labels[p] === labels[a])
        .flatMap((p) => rows.filter((n) => labels[n] !== labels[a]).map((n) => far(a, p) - far(a, n) + MARGIN)),
    );
    const above = short.filter((x) => x > 0);
    total += (rows.length * above.reduce((sum, x) => sum + x, 0)) / Math.max(1, above.length);
  }
  return total;
}
