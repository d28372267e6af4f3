import { DataError } from "../errors.ts";
import { encodeText, type TextRow, textRow } from "../examples/classification.ts";
import { rowEncoder } from "../examples/encode.ts";
import { IGNORED, type Labels } from "../examples/labels.ts";
import { encodeWords, type TokenExample, USUAL, type WordRow, wordRow } from "../examples/tokens.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { classScores, evalResults, wordScores } from "./class-scores.ts";
import type { Encoding, TaskDefinition } from "./definition.ts";
import { splitOf } from "./split.ts";

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
  split: (rows, recipe) =>
    splitOf<TextRow>(rows, {
      pick: (row) => textRow(row, columnsOf(recipe)),
      labels: ({ label }) => [label],
      labelColumns: [recipe.label_column],
      encoder: ({ tokenizer, labels, maxLength }) =>
        rowEncoder((row) => orNone(encodeText(row, tokenizer, labels, maxLength))),
      onDemand: {
        text: ({ text }) => text,
        example: (row, { tokenizer, labels, maxLength }) =>
          encodeText(row, tokenizer, labels, maxLength) ?? {
            ids: Int32Array.of(tokenizer.padId),
            label: labels.idOf(row.label, row.where),
            where: row.where,
          },
      },
    }),
};

/** TOKEN_CLS: a class for each word. */
export const wordClassification: TaskDefinition = {
  ...classifier,
  score: wordScores,
  metrics: [...classifier.metrics, "eval_precision", "eval_recall", "eval_f1"],
  async split(rows, recipe) {
    let first: string | undefined;
    const split = await splitOf<WordRow>(rows, {
      pick(row) {
        first ??= row.where;
        return wordRow(row, columnsOf(recipe));
      },
      labels: ({ tags }) => tags.filter((tag) => tag !== IGNORED),
      labelColumns: [recipe.label_column, ...USUAL.label],
      encoder: (encoding) => rowEncoder((row) => orNone(encodeTrainedWords(row, encoding))),
    });
    if (split.labels.length === 0) throw allMasked(first);
    return split;
  },
};

const orNone = <T>(example: T | undefined): T[] => (example === undefined ? [] : [example]);

/** A row of words; those labelled `IGNORED` are not trained, and a row that has no others is left out. */
function encodeTrainedWords(row: WordRow, { tokenizer, labels, maxLength }: Encoding): TokenExample | undefined {
  const idOf: Labels["idOf"] = (label, where) => (label === IGNORED ? IGNORED : labels.idOf(label, where));
  const example = encodeWords(row, tokenizer, { ...labels, idOf }, maxLength);
  return example?.labels.every((label) => label === IGNORED) ? undefined : example;
}

const allMasked = (first: string | undefined): DataError =>
  new DataError(`every label is ${IGNORED}, which marks a word that is not trained: nothing would be`, {
    ...(first !== undefined && { where: first }),
    expected: "a class for some of the words",
    hint: "label_column names the column to read.",
  });
