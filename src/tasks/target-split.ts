import type { Row, Rows } from "../data/row.ts";
import { rowEncoder } from "../examples/encode.ts";
import type { Label } from "../examples/labels.ts";
import { encodeTargets } from "../examples/targets.ts";
import { orNone } from "./classifier.ts";
import type { Encoding, Split } from "./definition.ts";
import { splitOf } from "./split.ts";

/** A text as a row has it. */
interface TextOfRow {
  readonly text: string;
  readonly where: string;
}

/** Reading of rows whose texts are trained towards numbers. */
export interface TargetReader<R extends TextOfRow> {
  pick(row: Row): R;
  /** The labels of a row. Default: none. */
  labels?(row: R): Iterable<Label>;
  readonly labelColumns?: readonly string[];
  targets(row: R, encoding: Encoding): Float32Array;
}

/**
 * A split of texts with a target for each output of the model.
 * @throws {DataError} naming file and line of a bad row.
 */
export function targetSplit<R extends TextOfRow>(rows: Rows, { targets, ...reader }: TargetReader<R>): Promise<Split> {
  return splitOf<R>(rows, {
    ...reader,
    text: ({ text }) => text,
    encoder: (encoding) =>
      rowEncoder((row) => {
        const { tokenizer, maxLength } = encoding;
        return orNone(encodeTargets(row.text, targets(row, encoding), row.where, tokenizer, maxLength));
      }),
    onDemand: {
      example: (row, encoding) => {
        const [all, { tokenizer, maxLength }] = [targets(row, encoding), encoding];
        const empty = { ids: Int32Array.of(tokenizer.padId), targets: all, where: row.where };
        return encodeTargets(row.text, all, row.where, tokenizer, maxLength) ?? empty;
      },
    },
  });
}
