import { encodeText, type TextRow, textRow } from "../examples/classification.ts";
import { rowEncoder } from "../examples/encode.ts";
import { classifier, columnsOf, orNone } from "./classifier.ts";
import type { TaskDefinition } from "./definition.ts";
import { splitOf } from "./split.ts";

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
