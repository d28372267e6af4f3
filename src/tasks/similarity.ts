import { columnsOf } from "../examples/guess-columns.ts";
import { areScored, type SentencesExample, scoredRow } from "../examples/sentences.ts";
import { regressionReport } from "../metrics/regression.ts";
import { atLengths, cosine, unit } from "../metrics/vectors.ts";
import type { TaskDefinition } from "./definition.ts";
import { similarityLoss } from "./embedding-loss.ts";
import { entriesOf } from "./reports/entries.ts";
import { offerErrors, valueReport } from "./reports/value-tables.ts";
import { embeddedTexts } from "./retrieval-scores.ts";
import { sentencesSplit } from "./sentences-split.ts";

/** Embeddings whose cosine is the score of a pair. */
export const similarity: TaskDefinition = {
  reads: areScored,
  uses: (rows) =>
    areScored(columnsOf(rows))
      ? [{ certainty: "structure", keys: {}, about: "pairs of texts with a score", start: "search.yaml" }]
      : [],
  split: (rows) => sentencesSplit(rows, scoredRow),
  loss: similarityLoss,
  scoringGraph: (graph) => graph,
  async score(model, examples, options) {
    const embedded = await embeddedTexts(model, examples, options);
    if (!embedded) return undefined;
    const { rows, vectors } = embedded;
    const labels = Array.from(examples, (example) => (example as SentencesExample).score as number);
    const cosines = (of: readonly Float32Array[]): number[] =>
      rows.map(([first, second]) => cosine(of[first as number], of[second as number]));
    const predictions = cosines(vectors.map(unit));
    offerErrors(labels, predictions, options.worst);
    const { pearson, spearman } = regressionReport(labels, predictions);
    const losses = atLengths(vectors, options.matryoshkaDims).map(
      (cut) => regressionReport(labels, cosines(cut)).meanSquaredError,
    );
    const metrics = {
      eval_loss: losses.reduce((sum, loss) => sum + loss, 0),
      eval_samples: rows.length,
      eval_pearson: pearson,
      eval_spearman: spearman,
    };
    return { metrics, predictions: { labels, predictions } };
  },
  entries: entriesOf,
  report: valueReport,
  metrics: ["eval_loss", "eval_samples", "eval_pearson", "eval_spearman"],
  lowerIsBetter: ["eval_loss"],
};
