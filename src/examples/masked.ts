import { textOf } from "../chat/language-row.ts";
import { column, type Row } from "../data/row.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { type Encoder, rowEncoder } from "./encode.ts";
import { IGNORED } from "./labels.ts";
import { maskingTokens } from "./masking.ts";
import type { TokenExample } from "./tokens.ts";

/** A text, as the data has it. */
export interface PlainText {
  readonly text: string;
  readonly where: string;
}

/**
 * Picks and checks the text of a row.
 * @throws {DataError} when the row lacks the column or holds no text in it.
 */
export function plainText(row: Row, { textColumn }: { readonly textColumn: string }): PlainText {
  column(row, [textColumn], "text_column");
  return { text: textOf(row, textColumn), where: row.where };
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
 * An encoder of texts for masked language modelling.
 * @throws {TokenizerError} when the tokenizer has no mask token.
 */
export function maskedEncoder(tokenizer: Tokenizer, maxLength: number): Encoder<PlainText> {
  const { specials } = maskingTokens(tokenizer);
  return rowEncoder((row) => encodeMaskedText(row, tokenizer, specials, maxLength));
}
