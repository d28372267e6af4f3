import { encodeText, type TextExample, type TextRow, textRow } from "../examples/classification.ts";
import { rowEncoder } from "../examples/encode.ts";
import { guessLabel, guessWholeText } from "../examples/guess-columns.ts";
import { classifier, columnsOf, orNone } from "./classifier.ts";
import type { TaskDefinition } from "./definition.ts";
import { splitOf } from "./split.ts";

/** A class for each text. */
export const textClassification: TaskDefinition = {
  ...classifier,
  labelText: (example, names) => names[(example as TextExample).label] as string,
  uses(rows, given) {
    const text_column = guessWholeText(rows, given);
    const label_column = text_column === undefined ? undefined : (given.labelColumn ?? guessLabel(rows, text_column));
    if (text_column === undefined || label_column === undefined) return [];
    const keys = { text_column, label_column };
    return [{ certainty: "labels", keys, about: "texts with a label each", start: "text-classification.yaml" }];
  },
  labelsOf: (row, recipe) => [textRow(row, columnsOf(recipe)).label],
  split: (rows, recipe) =>
    splitOf<TextRow>(rows, {
      pick: (row) => textRow(row, columnsOf(recipe)),
      text: ({ text }) => text,
      labels: ({ label }) => [label],
      labelColumns: [recipe.label_column],
      encoder: ({ tokenizer, labels, maxLength }) =>
        rowEncoder((row) => orNone(encodeText(row, tokenizer, labels, maxLength))),
      onDemand: {
        example: (row, { tokenizer, labels, maxLength }) =>
          encodeText(row, tokenizer, labels, maxLength) ?? {
            ids: Int32Array.of(tokenizer.padId),
            label: labels.idOf(row.label, row.where),
            where: row.where,
          },
      },
    }),
};
