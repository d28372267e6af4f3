import type { Row, Rows } from "../data/row.ts";
import { rowEncoder } from "../examples/encode.ts";
import { encodeSentences, type SentencesRow } from "../examples/sentences.ts";
import { orNone } from "./classifier.ts";
import type { Split } from "./definition.ts";
import { splitOf } from "./split.ts";

/** A split of rows of several texts. @throws {DataError} naming file and line of a bad row. */
export const sentencesSplit = (rows: Rows, pick: (row: Row) => SentencesRow): Promise<Split> =>
  splitOf(rows, {
    pick,
    text: ({ texts }) => texts.slice(0, 2).join(" → "),
    encoder: ({ tokenizer, maxLength }) => rowEncoder((row) => orNone(encodeSentences(row, tokenizer, maxLength))),
  });
