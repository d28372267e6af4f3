import { DataError } from "../errors.ts";
import { type CausalEncoding, type CausalOptions, causalEncoder } from "./causal.ts";
import type { Encoded } from "./encode.ts";
import type { LanguageRow } from "./language-row.ts";
import { type PackedExample, packExamples } from "./packing.ts";
import type { TokenExample } from "./tokens.ts";

/**
 * Encodes every row of a split, and packs the examples where the recipe says so.
 *
 * @returns Rows without a token to train on are `skipped`. `warnings` tell of ends that are not trained and of prompts
 *          that their whole does not begin with, each with a count and the first place.
 * @throws {DataError} when nothing is left.
 */
export function encodeCausal(
  rows: readonly LanguageRow[],
  options: CausalOptions,
): Encoded<TokenExample | PackedExample> {
  const encode = causalEncoder(options);
  const encodings: CausalEncoding[] = [];
  const skipped: string[] = [];
  for (const row of rows) {
    const encoding = encode(row);
    if (encoding) encodings.push(encoding);
    else skipped.push(row.where);
  }
  if (encodings.length === 0) throw nothingLeft(skipped, options);
  const examples = encodings.flatMap((encoding) => encoding.examples);
  return {
    examples: options.packing ? packExamples(examples, options.maxLength) : examples,
    skipped,
    warnings: [...endWarnings(encodings, options), ...mismatchWarnings(encodings)],
  };
}

/** A model that never sees an end does not learn to stop: said loudly when no row has one. */
function endWarnings(encodings: readonly CausalEncoding[], { maxLength, tokenizer }: CausalOptions): string[] {
  const of = (end: CausalEncoding["end"]): CausalEncoding[] => encodings.filter((encoding) => encoding.end === end);
  const [cut, missing] = [of("cut"), of("missing")];
  if (cut.length + missing.length === encodings.length) {
    const none = tokenizer.special.eos_token === undefined ? "the tokenizer names no eos_token" : "the rows have none";
    const why = cut.length > 0 ? `max_length ${maxLength} cuts it off` : none;
    return [`NO ROW TRAINS THE TOKEN THAT ENDS A TEXT OR A TURN, so the model will not learn to stop: ${why}`];
  }
  const warnings: string[] = [];
  if (cut.length > 0) {
    warnings.push(`max_length ${maxLength} cuts off the end of ${counted(cut)}: no stop is learned there`);
  }
  if (missing.length > 0) {
    warnings.push(`no token that ends a text or a turn is trained in ${counted(missing)}: no stop is learned there`);
  }
  return warnings;
}

function mismatchWarnings(encodings: readonly CausalEncoding[]): string[] {
  const found = encodings.filter(({ mismatch }) => mismatch);
  if (found.length === 0) return [];
  return [
    `prompt and completion do not begin with the prompt's own tokens in ${counted(found)}: a token lies across the ` +
      "border, or the chat template writes the prompt alone otherwise; as many tokens are untrained as the prompt has",
  ];
}

function counted(encodings: readonly CausalEncoding[]): string {
  const first = encodings[0]?.where;
  return encodings.length === 1 ? `1 row, at ${first}` : `${encodings.length} rows, the first at ${first}`;
}

const nothingLeft = (skipped: readonly string[], { maxLength, assistantOnlyLoss }: CausalOptions): DataError =>
  new DataError(`none of the ${skipped.length} rows has a token to train on`, {
    ...(skipped[0] && { where: skipped[0] }),
    expected: assistantOnlyLoss
      ? `something that an assistant says within the first ${maxLength} tokens`
      : `a text, or a completion that begins within the first ${maxLength} tokens`,
    hint: "a longer max_length keeps what follows a long prompt.",
  });
