import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

/**
 * A tokenizer that pads with an id that the model has an embedding for. A padding token that was added to the tokenizer alone
 * has none: the configuration's stands in for it, or 0. Padding is masked, so no number depends on which.
 */
export function withPadId(tokenizer: Tokenizer, { config }: Checkpoint): Tokenizer {
  const { vocab_size: size, pad_token_id: named } = config;
  const known = (id: unknown): id is number => Number.isInteger(id) && Number(id) >= 0 && Number(id) < Number(size);
  if (typeof size !== "number" || known(tokenizer.padId)) return tokenizer;
  return Object.create(tokenizer, { padId: { value: known(named) ? named : 0, enumerable: true } }) as Tokenizer;
}
