import type { LanguageRow } from "../chat/language-row.ts";
import { DataError } from "../errors.ts";
import { type CausalEncoding, type CausalOptions, causalEncoder } from "./causal.ts";
import { type Encoder, RowCount } from "./encode.ts";
import { ExampleStore } from "./examples.ts";
import { packExamples } from "./packing.ts";

/** Number of encoded rows, and the rows that need a warning. */
interface RowReport {
  rows: number;
  readonly ends: Readonly<Record<CausalEncoding["end"], RowCount>>;
  readonly mismatches: RowCount;
  readonly repeatedBos: RowCount;
  readonly leftOutTools: RowCount;
}

/**
 * An encoder of a split's rows, which packs the examples where the recipe says so.
 *
 * Rows without a token to train on are `skipped`. `warnings` tell of ends that are not trained, of tools left out and of prompts that their
 * whole does not begin with, each with a count and the first place.
 */
export function causalSplitEncoder(options: CausalOptions): Encoder<LanguageRow> {
  const encode = causalEncoder(options);
  const examples = new ExampleStore();
  const skipped = new RowCount();
  const ends = { trained: new RowCount(), cut: new RowCount(), missing: new RowCount() };
  const [mismatches, repeatedBos, leftOutTools] = [new RowCount(), new RowCount(), new RowCount()];
  const report: RowReport = { rows: 0, ends, mismatches, repeatedBos, leftOutTools };
  return {
    add(row) {
      const encoding = encode(row);
      if (!encoding) return skipped.add(row.where);
      for (const example of encoding.examples) examples.add(example);
      report.rows++;
      report.ends[encoding.end].add(row.where);
      if (encoding.repeatedBos) report.repeatedBos.add(row.where);
      if (encoding.leavesOutTools) report.leftOutTools.add(row.where);
      if (encoding.mismatch) report.mismatches.add(row.where);
    },
    finish() {
      if (report.rows === 0) throw nothingLeft(skipped, options);
      return {
        examples: options.packing ? packExamples(examples, options.maxLength) : examples,
        skipped,
        warnings: [
          ...endWarnings(report, options),
          ...mismatchWarnings(report),
          ...bosWarnings(report, options),
          ...toolWarnings(report),
        ],
      };
    },
  };
}

/** A model that never sees an end does not learn to stop: said loudly when no row has one. */
function endWarnings({ rows, ends: { cut, missing } }: RowReport, { maxLength, tokenizer }: CausalOptions): string[] {
  if (cut.count + missing.count === rows) {
    const none = tokenizer.special.eos_token === undefined ? "the tokenizer has no eos_token" : "no row contains one";
    const why = cut.count > 0 ? `max_length ${maxLength} truncates it` : none;
    return [`NO ROW TRAINS AN END TOKEN (end of text or turn), so the model will not learn to stop: ${why}`];
  }
  const warnings: string[] = [];
  if (cut.count > 0) {
    warnings.push(`max_length ${maxLength} truncates ${counted(cut)}; their end token is not trained`);
  }
  if (missing.count > 0) {
    warnings.push(`no end token (end of text or turn) is trained in ${counted(missing)}`);
  }
  return warnings;
}

function mismatchWarnings({ mismatches }: RowReport): string[] {
  if (mismatches.count === 0) return [];
  return [
    `tokenizing prompt + completion does not start with the prompt's tokens in ${counted(mismatches)}, because a token ` +
      "spans the boundary or the chat template renders the prompt differently alone; the first len(prompt) tokens are " +
      "masked. End the prompt with a space or a newline to avoid this",
  ];
}

function bosWarnings({ repeatedBos }: RowReport, { tokenizer }: CausalOptions): string[] {
  if (repeatedBos.count === 0) return [];
  const token = JSON.stringify(tokenizer.special.bos_token);
  return [
    `the tokenizer adds ${token} to every text, and the data contains it too; the duplicate is removed in ${counted(repeatedBos)}`,
  ];
}

function toolWarnings({ leftOutTools }: RowReport): string[] {
  if (leftOutTools.count === 0) return [];
  return [`the chat template does not write the tools of ${counted(leftOutTools)}: the model does not see them`];
}

const counted = ({ count, first }: RowCount): string =>
  count === 1 ? `1 row, at ${first}` : `${count} rows, the first at ${first}`;

const nothingLeft = (skipped: RowCount, { maxLength, assistantOnlyLoss }: CausalOptions): DataError =>
  new DataError(`none of the ${skipped.count} rows has a token to train on`, {
    ...(skipped.first && { where: skipped.first }),
    expected: assistantOnlyLoss
      ? `an assistant message that begins within the first ${maxLength} tokens`
      : `a text, or a completion that begins within the first ${maxLength} tokens`,
    hint: "with a longer max_length, the completion of a long prompt is not truncated.",
  });
