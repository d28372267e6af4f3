import type { LanguageRow } from "../chat/language-row.ts";
import { DataError } from "../errors.ts";
import { type CausalEncoding, type CausalOptions, causalEncoder } from "./causal.ts";
import { type Encoder, Places } from "./encode.ts";
import { ExampleStore } from "./examples.ts";
import { packExamples } from "./packing.ts";

/** How many rows were encoded, and where those are that a user should be told of. */
interface Told {
  rows: number;
  readonly ends: Readonly<Record<CausalEncoding["end"], Places>>;
  readonly mismatches: Places;
  readonly repeatedBos: Places;
}

/**
 * An encoder of a split's rows, which packs the examples where the recipe says so.
 *
 * Rows without a token to train on are `skipped`. `warnings` tell of ends that are not trained and of prompts that their
 * whole does not begin with, each with a count and the first place.
 */
export function causalSplitEncoder(options: CausalOptions): Encoder<LanguageRow> {
  const encode = causalEncoder(options);
  const examples = new ExampleStore();
  const skipped = new Places();
  const ends = { trained: new Places(), cut: new Places(), missing: new Places() };
  const told: Told = { rows: 0, ends, mismatches: new Places(), repeatedBos: new Places() };
  return {
    add(row) {
      const encoding = encode(row);
      if (!encoding) return skipped.add(row.where);
      for (const example of encoding.examples) examples.add(example);
      told.rows++;
      told.ends[encoding.end].add(row.where);
      if (encoding.repeatedBos) told.repeatedBos.add(row.where);
      if (encoding.mismatch) told.mismatches.add(row.where);
    },
    finish() {
      if (told.rows === 0) throw nothingLeft(skipped, options);
      return {
        examples: options.packing ? packExamples(examples, options.maxLength) : examples,
        skipped,
        warnings: [...endWarnings(told, options), ...mismatchWarnings(told), ...bosWarnings(told, options)],
      };
    },
  };
}

/** A model that never sees an end does not learn to stop: said loudly when no row has one. */
function endWarnings({ rows, ends: { cut, missing } }: Told, { maxLength, tokenizer }: CausalOptions): string[] {
  if (cut.count + missing.count === rows) {
    const none = tokenizer.special.eos_token === undefined ? "the tokenizer names no eos_token" : "the rows have none";
    const why = cut.count > 0 ? `max_length ${maxLength} cuts it off` : none;
    return [`NO ROW TRAINS THE TOKEN THAT ENDS A TEXT OR A TURN, so the model will not learn to stop: ${why}`];
  }
  const warnings: string[] = [];
  if (cut.count > 0) {
    warnings.push(`max_length ${maxLength} cuts off the end of ${counted(cut)}: no stop is learned there`);
  }
  if (missing.count > 0) {
    warnings.push(`no token that ends a text or a turn is trained in ${counted(missing)}: no stop is learned there`);
  }
  return warnings;
}

function mismatchWarnings({ mismatches }: Told): string[] {
  if (mismatches.count === 0) return [];
  return [
    `prompt and completion do not begin with the prompt's own tokens in ${counted(mismatches)}: a token lies across the ` +
      "border, or the chat template writes the prompt alone otherwise; as many tokens are untrained as the prompt has",
  ];
}

function bosWarnings({ repeatedBos }: Told, { tokenizer }: CausalOptions): string[] {
  if (repeatedBos.count === 0) return [];
  const token = JSON.stringify(tokenizer.special.bos_token);
  return [
    `the tokenizer puts ${token} before every text, and it is in the data too: once is kept in ${counted(repeatedBos)}`,
  ];
}

const counted = ({ count, first }: Places): string =>
  count === 1 ? `1 row, at ${first}` : `${count} rows, the first at ${first}`;

const nothingLeft = (skipped: Places, { maxLength, assistantOnlyLoss }: CausalOptions): DataError =>
  new DataError(`none of the ${skipped.count} rows has a token to train on`, {
    ...(skipped.first && { where: skipped.first }),
    expected: assistantOnlyLoss
      ? `something that an assistant says within the first ${maxLength} tokens`
      : `a text, or a completion that begins within the first ${maxLength} tokens`,
    hint: "a longer max_length keeps what follows a long prompt.",
  });
