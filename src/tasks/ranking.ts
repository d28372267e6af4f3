import { columnsOf } from "../examples/guess-columns.ts";
import { areRanked, rankedRow } from "../examples/sentences.ts";
import { retrievalReport } from "../metrics/retrieval.ts";
import type { TaskDefinition } from "./definition.ts";
import { rankingLoss } from "./embedding-loss.ts";
import { retrievalReport as report } from "./reports/retrieval-tables.ts";
import { retrievalScores } from "./retrieval-scores.ts";
import { sentencesSplit } from "./sentences-split.ts";

const { means } = retrievalReport([{ hits: [true], relevant: 1 }]);

/** Embeddings that bring a query closer to its answer than to the answers of others. */
export const ranking: TaskDefinition = {
  reads: areRanked,
  uses: (rows) =>
    areRanked(columnsOf(rows))
      ? [{ certainty: "structure", keys: {}, about: "queries with their answers", start: "search.yaml" }]
      : [],
  split: (rows) => sentencesSplit(rows, rankedRow),
  wholeBatches: true,
  loss: rankingLoss,
  scoringGraph: (graph) => graph,
  score: retrievalScores,
  report,
  metrics: ["eval_loss", "eval_samples", ...Object.keys(means).map((name) => `eval_${name}`)],
  lowerIsBetter: ["eval_loss"],
};
