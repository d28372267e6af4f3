import type { LabelScore } from "../events/reports.ts";
import { argmax } from "../generation/sampling.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { classScores, evalResults, logSoftmax } from "./class-scores.ts";
import type { TaskDefinition } from "./definition.ts";
import { classLoss } from "./loss.ts";
import { classReport } from "./reports/class-tables.ts";
import { entriesOf } from "./reports/entries.ts";

/** The columns of texts and labels. */
export const columnsOf = ({ text_column, label_column }: ResolvedRecipe) => ({
  textColumn: text_column,
  labelColumn: label_column,
});

const one = Int32Array.of(0);
const figures = evalResults({ labels: one, predictions: one, lossSum: 0 }, ["any"], 1);

/** Parts that classifiers share: their graph ends in the logits of classes. */
export const classifier = {
  loss: classLoss,
  scoringGraph: (graph) => graph,
  score: classScores,
  entries: entriesOf,
  report: classReport,
  lowerIsBetter: ["eval_loss"],
  prediction: (logits, { classes }) => likeliest(logits, classes),
  metrics: Object.keys(figures).filter((key) => typeof figures[key] === "number"),
} satisfies Partial<TaskDefinition>;

/** The likeliest class, and the probabilities of all. */
function likeliest(logits: Float32Array, classes: readonly string[]): LabelScore {
  const probabilities = Array.from(logSoftmax(logits), Math.exp);
  const top = argmax(logits);
  return {
    label: classes[top] as string,
    score: probabilities[top] as number,
    probabilities: Object.fromEntries(classes.map((name, i) => [name, probabilities[i] as number])),
  };
}

/** An example as a list, for encoders of rows. */
export const orNone = <T>(example: T | undefined): T[] => (example === undefined ? [] : [example]);
