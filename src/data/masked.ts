import { DataError } from "../errors.ts";
import type { Encoded } from "./encode.ts";
import { IGNORED } from "./labels.ts";
import { textOf } from "./language-row.ts";
import { maskingTokens } from "./masking.ts";
import { column, type Row } from "./row.ts";
import type { Tokenizer } from "./tokenizer.ts";
import type { TokenExample } from "./tokens.ts";

/** A text, as the data has it. */
export interface PlainText {
  readonly text: string;
  readonly where: string;
}

/**
 * Picks and checks the text of every row.
 * @throws {DataError} when a row lacks the column or holds no text in it.
 */
export function plainTexts(rows: readonly Row[], { textColumn }: { readonly textColumn: string }): PlainText[] {
  return rows.map((row) => {
    column(row, [textColumn], "text_column");
    return { text: textOf(row, textColumn), where: row.where };
  });
}

/**
 * Tokenises one text for masked language modelling with the tokenizer's own special tokens; a text of more than
 * `maxLength` tokens in consecutive pieces that each have them.
 *
 * @returns Examples whose labels are the ids that `maskTokens` may choose from, `IGNORED` at special tokens; none for a
 *          text without tokens of its own.
 */
export function encodeMaskedText(
  { text, where }: PlainText,
  tokenizer: Tokenizer,
  specials: ReadonlySet<number>,
  maxLength: number,
): TokenExample[] {
  return tokenizer.encodePieces(text, { maxLength }).flatMap((piece) => {
    const ids = Int32Array.from(piece.ids);
    const labels = ids.map((id) => (specials.has(id) ? IGNORED : id));
    return labels.some((label) => label !== IGNORED) ? [{ ids, labels, where }] : [];
  });
}

/**
 * Encodes every text of a split.
 * @throws {DataError} when nothing is left.
 * @throws {TokenizerError} when the tokenizer has no mask token.
 */
export function encodeMasked(
  rows: readonly PlainText[],
  tokenizer: Tokenizer,
  maxLength: number,
): Encoded<TokenExample> {
  const { specials } = maskingTokens(tokenizer);
  const skipped: string[] = [];
  const examples = rows.flatMap((row) => {
    const pieces = encodeMaskedText(row, tokenizer, specials, maxLength);
    if (pieces.length === 0) skipped.push(row.where);
    return pieces;
  });
  if (examples.length > 0) return { examples, skipped };
  throw new DataError(`none of the ${rows.length} rows has a token to train on: every text is empty once tokenised`, {
    ...(skipped[0] && { where: skipped[0] }),
    hint: "text_column names the column to read.",
  });
}
