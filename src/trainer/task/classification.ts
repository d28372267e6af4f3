import { encodeText, textRows } from "../../data/classification.ts";
import { IGNORED, type Labels } from "../../data/labels.ts";
import { encodeWords, type TokenExample, tagsOf, type WordRow, wordRows } from "../../data/tokens.ts";
import { DataError } from "../../errors.ts";
import type { ResolvedRecipe } from "../../recipe/resolve.ts";
import { classScores, evalResults, wordScores } from "./class-scores.ts";
import type { Encoding, TaskDefinition } from "./definition.ts";
import { labelledSplit } from "./split.ts";

const columnsOf = ({ text_column, label_column }: ResolvedRecipe) => ({
  textColumn: text_column,
  labelColumn: label_column,
});

const one = Int32Array.of(0);
const figures = evalResults({ labels: one, predictions: one, lossSum: 0 }, ["any"], 1);

/** What classifiers have in common: their graph ends in the logits of classes. */
const classifier = {
  scoringGraph: (graph) => graph,
  score: classScores,
  metrics: Object.keys(figures).filter((key) => typeof figures[key] === "number"),
} satisfies Partial<TaskDefinition>;

/** SEQ_CLS: a class for each text. */
export const textClassification: TaskDefinition = {
  ...classifier,
  split(rows, recipe) {
    const texts = textRows(rows, columnsOf(recipe));
    return labelledSplit(texts, texts, (row, { tokenizer, labels, maxLength }) =>
      encodeText(row, tokenizer, labels, maxLength),
    );
  },
};

/** TOKEN_CLS: a class for each word. */
export const wordClassification: TaskDefinition = {
  ...classifier,
  score: wordScores,
  metrics: [...classifier.metrics, "eval_precision", "eval_recall", "eval_f1"],
  split(rows, recipe) {
    const words = wordRows(rows, columnsOf(recipe));
    const labels = tagsOf(words).filter(({ label }) => label !== IGNORED);
    if (labels.length === 0) throw allMasked(words);
    return labelledSplit(words, labels, encodeTrainedWords);
  },
};

/** A row of words; those labelled `IGNORED` are not trained, and a row that has no others is left out. */
function encodeTrainedWords(row: WordRow, { tokenizer, labels, maxLength }: Encoding): TokenExample | undefined {
  const idOf: Labels["idOf"] = (label, where) => (label === IGNORED ? IGNORED : labels.idOf(label, where));
  const example = encodeWords(row, tokenizer, { ...labels, idOf }, maxLength);
  return example?.labels.every((label) => label === IGNORED) ? undefined : example;
}

const allMasked = (rows: readonly WordRow[]): DataError =>
  new DataError(`every label is ${IGNORED}, which marks a word that is not trained: nothing would be`, {
    ...(rows[0] && { where: rows[0].where }),
    expected: "a class for some of the words",
    hint: "label_column names the column to read.",
  });
