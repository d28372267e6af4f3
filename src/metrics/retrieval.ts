/** Results of a query that are looked at. */
export const DEPTH = 10;
/** Numbers of first results that recall and accuracy are of. */
export const CUTS = [1, 5, DEPTH] as const;

/** The first results of a query, the best first. */
export interface Ranking {
  /** True for results that answer it; the first {@link DEPTH} count. */
  readonly hits: readonly boolean[];
  /** Documents that answer it. */
  readonly relevant: number;
}

/** Scores of a search. @see Järvelin and Kekäläinen 2002 for NDCG; sentence-transformers' InformationRetrievalEvaluator. */
export interface RetrievalReport {
  /** Normalised discounted cumulative gain of the first ten results of each query. */
  readonly ndcg: readonly number[];
  /** 1 ÷ the place of the first result that answers a query; 0 where none of ten does. */
  readonly reciprocalRanks: readonly number[];
  /** Means over queries by name: `ndcg@10`, `mrr@10`, `recall@k` and `accuracy@k` for k of 1, 5 and 10. */
  readonly means: Readonly<Record<string, number>>;
}

/** Scores the results of queries. */
export function retrievalReport(rankings: readonly Ranking[]): RetrievalReport {
  const shown = rankings.map(({ hits, relevant }) => ({ hits: hits.slice(0, DEPTH), relevant }));
  const ndcg = shown.map(
    ({ hits, relevant }) => gain(hits) / gain(Array<boolean>(Math.min(relevant, DEPTH)).fill(true)),
  );
  const reciprocalRanks = shown.map(({ hits }) => (hits.includes(true) ? 1 / (hits.indexOf(true) + 1) : 0));
  const found = (hits: readonly boolean[], k: number): number => hits.slice(0, k).filter((hit) => hit).length;
  const overQueries = (measure: (ranking: Ranking) => number): number => mean(shown.map(measure));
  return {
    ndcg,
    reciprocalRanks,
    means: {
      [`ndcg@${DEPTH}`]: mean(ndcg),
      [`mrr@${DEPTH}`]: mean(reciprocalRanks),
      ...Object.fromEntries(
        CUTS.flatMap((k) => [
          [`recall@${k}`, overQueries(({ hits, relevant }) => found(hits, k) / relevant)],
          [`accuracy@${k}`, overQueries(({ hits }) => Math.min(1, found(hits, k)))],
        ]),
      ),
    },
  };
}

/**
 * Average precision of all results of a query: the mean, over the documents that answer it, of the precision at their
 * places. 1 when they come first; with one answer, 1 ÷ its place.
 * @param hits True for results that answer it, all of them, the best first.
 * @see Manning, Raghavan and Schütze 2008, "Introduction to Information Retrieval", section 8.4.
 */
export function averagePrecision(hits: readonly boolean[], relevant: number): number {
  let [found, sum] = [0, 0];
  for (const [i, hit] of hits.entries()) if (hit) sum += ++found / (i + 1);
  return sum / relevant;
}

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Discounted cumulative gain: a hit at place `i`, from 1, counts 1 ÷ log2(i + 1). */
const gain = (hits: readonly boolean[]): number =>
  hits.reduce((sum, hit, i) => sum + (hit ? 1 / Math.log2(i + 2) : 0), 0);
