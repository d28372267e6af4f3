import { ExampleStore } from "../examples/examples.ts";
import { type SentencesExample, textsIn } from "../examples/sentences.ts";
import { type Ranking, retrievalReport } from "../metrics/retrieval.ts";
import { atLengths, cosine, unit } from "../metrics/vectors.ts";
import type { Asked, Examples, ScoreOptions, Scores } from "./definition.ts";
import { SCALE } from "./embedding-loss.ts";
import { embeddingsOf } from "./embeddings.ts";

/** Texts of a split, each once, and the rows that they are of. */
interface Texts {
  /** Numbers of the texts of each row: the query, its answer, negatives. */
  readonly rows: readonly (readonly number[])[];
  readonly store: ExampleStore;
}

/** The different texts of examples; texts of the same tokens are one. */
export function textsOf(examples: Examples): Texts {
  const numbers = new Map<string, number>();
  const store = new ExampleStore();
  const numberOf = (ids: Int32Array, where: string): number => {
    const key = ids.join();
    const known = numbers.get(key);
    if (known !== undefined) return known;
    store.add({ ids, label: 0, where });
    numbers.set(key, numbers.size);
    return numbers.size - 1;
  };
  const rows = Array.from(examples, (example) =>
    textsIn(example as SentencesExample).map((ids) => numberOf(ids, example.where)),
  );
  return { rows, store };
}

/**
 * Scores search: each query against all answers and negatives of the split, by cosine. Of a query that comes twice both
 * answers are right. `undefined` when it was stopped.
 */
export async function retrievalScores(
  model: Asked,
  examples: Examples,
  { batchSize, matryoshkaDims, stop }: ScoreOptions,
): Promise<Scores | undefined> {
  const { rows, store } = textsOf(examples);
  const vectors = await embeddingsOf(model, store, batchSize, stop);
  store.close();
  if (!vectors) return undefined;
  const { ndcg, reciprocalRanks, means } = retrievalReport(rankings(rows, vectors.map(unit)));
  const lossSum = atLengths(vectors, matryoshkaDims).reduce((sum, cut) => sum + rankingLossOf(rows, cut, batchSize), 0);
  const metrics = {
    eval_loss: lossSum / rows.length,
    eval_samples: rows.length,
    ...Object.fromEntries(Object.entries(means).map(([name, value]) => [`eval_${name}`, value])),
  };
  return { metrics, predictions: { ndcg, reciprocal_ranks: reciprocalRanks } };
}

/** The results of each query among all documents. */
function rankings(rows: Texts["rows"], vectors: readonly Float32Array[]): Ranking[] {
  const documents = [...new Set(rows.flatMap(([, ...texts]) => texts))];
  const answers = new Map<number, Set<number>>();
  for (const [query, answer] of rows as readonly [number, number][]) {
    answers.set(query, (answers.get(query) ?? new Set()).add(answer));
  }
  return [...answers].map(([query, right]) => {
    const scores = documents.map((document) => cosine(vectors[query], vectors[document]));
    const order = [...documents.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
    return { hits: order.map((at) => right.has(documents[at] as number)), relevant: right.size };
  });
}

/** The sum of the ranking loss over the rows, in batches in the order of the data. @param vectors Unit length. */
function rankingLossOf(rows: Texts["rows"], vectors: readonly Float32Array[], batchSize: number): number {
  let sum = 0;
  for (let start = 0; start < rows.length; start += batchSize) {
    const batch = rows.slice(start, start + batchSize);
    const documents = [...batch.map(([, answer]) => answer), ...batch.flatMap(([, , ...negatives]) => negatives)];
    for (const [i, [query]] of batch.entries()) {
      const scores = documents.map((document) => SCALE * cosine(vectors[query as number], vectors[document as number]));
      const top = Math.max(...scores);
      sum += top + Math.log(scores.reduce((total, score) => total + Math.exp(score - top), 0)) - (scores[i] as number);
    }
  }
  return sum;
}
