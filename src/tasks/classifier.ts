import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { classScores, evalResults } from "./class-scores.ts";
import type { TaskDefinition } from "./definition.ts";
import { classLoss } from "./loss.ts";

/** The columns of texts and labels. */
export const columnsOf = ({ text_column, label_column }: ResolvedRecipe) => ({
  textColumn: text_column,
  labelColumn: label_column,
});

const one = Int32Array.of(0);
const figures = evalResults({ labels: one, predictions: one, lossSum: 0 }, ["any"], 1);

/** What classifiers have in common: their graph ends in the logits of classes. */
export const classifier = {
  loss: classLoss,
  scoringGraph: (graph) => graph,
  score: classScores,
  lowerIsBetter: ["eval_loss"],
  metrics: Object.keys(figures).filter((key) => typeof figures[key] === "number"),
} satisfies Partial<TaskDefinition>;

/** An example as a list, for encoders of rows. */
export const orNone = <T>(example: T | undefined): T[] => (example === undefined ? [] : [example]);
