import { DataError } from "../errors.ts";
import { rowEncoder } from "../examples/encode.ts";
import { guessWords } from "../examples/guess-columns.ts";
import { IGNORED, type Labels } from "../examples/labels.ts";
import { encodeWords, type TokenExample, USUAL, type WordRow, wordRow } from "../examples/tokens.ts";
import { wordScores } from "./class-scores.ts";
import { classifier, columnsOf, orNone } from "./classifier.ts";
import type { Encoding, TaskDefinition } from "./definition.ts";
import { wordReport } from "./reports/entity-tables.ts";
import { entriesOfWords } from "./reports/entries.ts";
import { splitOf } from "./split.ts";

/** A class for each word. */
export const wordClassification: TaskDefinition = {
  ...classifier,
  uses(rows, given) {
    const words = guessWords(rows, given);
    if (!words) return [];
    const keys = { text_column: words.textColumn, label_column: words.labelColumn };
    return [{ certainty: "structure", keys, about: "words with a tag each", start: "token-classification.yaml" }];
  },
  score: wordScores,
  entries: entriesOfWords,
  report: wordReport,
  metrics: [...classifier.metrics, "eval_precision", "eval_recall", "eval_f1"],
  labelsOf: (row, recipe) => wordRow(row, columnsOf(recipe)).tags.filter((tag) => tag !== IGNORED),
  async split(rows, recipe) {
    let first: string | undefined;
    const split = await splitOf<WordRow>(rows, {
      pick(row) {
        first ??= row.where;
        return wordRow(row, columnsOf(recipe));
      },
      text: ({ words }) => words.join(" "),
      labels: ({ tags }) => tags.filter((tag) => tag !== IGNORED),
      labelColumns: [recipe.label_column, ...USUAL.label],
      encoder: (encoding) => rowEncoder((row) => orNone(encodeTrainedWords(row, encoding))),
    });
    if (split.labels.length === 0) throw allMasked(first);
    return split;
  },
};

/** A row of words; those labelled `IGNORED` are not trained, and a row that has no others is left out. */
function encodeTrainedWords(row: WordRow, { tokenizer, labels, maxLength }: Encoding): TokenExample | undefined {
  const idOf: Labels["idOf"] = (label, where) => (label === IGNORED ? IGNORED : labels.idOf(label, where));
  const example = encodeWords(row, tokenizer, { ...labels, idOf }, maxLength);
  return example?.labels.every((label) => label === IGNORED) ? undefined : example;
}

const allMasked = (first: string | undefined): DataError =>
  new DataError(`every label is ${IGNORED}, which marks words to ignore, so nothing would be trained`, {
    ...(first !== undefined && { where: first }),
    expected: "a class for some of the words",
    hint: "set label_column to the column to read.",
  });
