import { ExampleStore } from "../examples/examples.ts";
import { type SentencesExample, textsIn } from "../examples/sentences.ts";
import { averagePrecision, DEPTH, type Ranking, retrievalReport } from "../metrics/retrieval.ts";
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
function textsOf(examples: Examples): Texts {
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

/** The different texts of examples as embeddings, and the rows that they are of. `undefined` when it was stopped. */
export async function embeddedTexts(
  model: Asked,
  examples: Examples,
  { batchSize, stop }: ScoreOptions,
): Promise<{ readonly rows: Texts["rows"]; readonly vectors: readonly Float32Array[] } | undefined> {
  const { rows, store } = textsOf(examples);
  const vectors = await embeddingsOf(model, store, batchSize, stop);
  store.close();
  return vectors && { rows, vectors };
}

/** The scores of a search. @param lossSum Sum of the loss over the samples. */
export function searchScores(rankings: readonly Ranking[], lossSum: number, samples: number): Scores {
  const { ndcg, reciprocalRanks, means } = retrievalReport(rankings);
  const metrics = {
    eval_loss: lossSum / samples,
    eval_samples: samples,
    ...Object.fromEntries(Object.entries(means).map(([name, value]) => [`eval_${name}`, value])),
  };
  return { metrics, predictions: { ndcg, reciprocal_ranks: reciprocalRanks } };
}

/** Results of one query. */
export interface QueryResults {
  /** Number of the first example with the query. */
  readonly row: number;
  /** True for results that answer it, all of them, the best first. */
  readonly hits: readonly boolean[];
  /** Documents that answer it. */
  readonly relevant: number;
  /** Number of the example that the first result is of. */
  readonly first: number;
}

/** The ranking of a query, which is offered as one of the worst. Only results that are scored are kept. */
export function rankingOf(
  { row, hits, relevant, first }: QueryResults,
  examples: Examples,
  { worst }: Pick<ScoreOptions, "worst">,
): Ranking {
  const precision = averagePrecision(hits, relevant);
  worst?.offer(row, 1 - precision, () => ({
    average_precision: precision,
    rank: hits.indexOf(true) + 1,
    first_result: examples.at(first).where,
  }));
  return { hits: hits.slice(0, DEPTH), relevant };
}

/** Numbers of vectors from the one closest to `query` on. @param vectors Unit length. */
export function closestFirst(
  query: number,
  among: readonly number[],
  vectors: readonly Float32Array[],
): readonly number[] {
  const scores = new Map(among.map((at) => [at, cosine(vectors[query], vectors[at])]));
  return [...among].sort((a, b) => (scores.get(b) as number) - (scores.get(a) as number));
}

/**
 * Scores search: each query against all answers and negatives of the split, by cosine. Of a query that comes twice both
 * answers are right. `undefined` when it was stopped.
 */
export async function retrievalScores(
  model: Asked,
  examples: Examples,
  options: ScoreOptions,
): Promise<Scores | undefined> {
  const embedded = await embeddedTexts(model, examples, options);
  if (!embedded) return undefined;
  const { rows, vectors } = embedded;
  const { batchSize, matryoshkaDims } = options;
  const lossSum = atLengths(vectors, matryoshkaDims).reduce((sum, cut) => sum + rankingLossOf(rows, cut, batchSize), 0);
  const found = Array.from(results(rows, vectors.map(unit)), (result) => rankingOf(result, examples, options));
  return searchScores(found, lossSum, rows.length);
}

/** The results of each query among all documents, one query after the other. */
function* results(rows: Texts["rows"], vectors: readonly Float32Array[]): Generator<QueryResults> {
  const documents = [...new Set(rows.flatMap(([, ...texts]) => texts))];
  const answers = new Map<number, Set<number>>();
  const [queryRows, documentRows] = [new Map<number, number>(), new Map<number, number>()];
  for (const [row, [query, ...texts]] of (rows as readonly [number, number][]).entries()) {
    answers.set(query, (answers.get(query) ?? new Set()).add(texts[0] as number));
    if (!queryRows.has(query)) queryRows.set(query, row);
    for (const text of texts) if (!documentRows.has(text)) documentRows.set(text, row);
  }
  for (const [query, right] of answers) {
    const found = closestFirst(query, documents, vectors);
    yield {
      row: queryRows.get(query) as number,
      hits: found.map((document) => right.has(document)),
      relevant: right.size,
      first: documentRows.get(found[0] as number) as number,
    };
  }
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
