import type { Encoding, Tokenizer } from "./tokenizer.ts";

/** A text with its special tokens, of which the first is not repeated. */
export interface BegunOnce extends Encoding {
  /** The text begins with the token that the tokenizer's own template begins with: one of the two was left out. */
  readonly repeated: boolean;
}

/** Tokenizes a whole text; one that already begins with the beginning-of-text token does not get a second. */
export function encodeBegunOnce(text: string, tokenizer: Tokenizer): BegunOnce {
  const { ids, specials } = tokenizer.encode(text, { maxLength: Infinity });
  const bos = tokenizer.special.bos_token;
  const id = bos === undefined ? undefined : tokenizer.idOf(bos);
  const repeated = bos !== undefined && text.startsWith(bos) && ids[0] === id && ids[1] === id;
  return repeated ? { ids: ids.slice(1), specials: specials - 1, repeated } : { ids, specials, repeated };
}
