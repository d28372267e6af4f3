import type { Prepared } from "./prepared.ts";

/** Tokens that end a text: the tokenizer's, and those that the model's configuration names. */
export function endIds({ checkpoint, tokenizer }: Pick<Prepared, "checkpoint" | "tokenizer">): ReadonlySet<number> {
  const { eos_token } = tokenizer.special;
  const own = eos_token === undefined ? undefined : tokenizer.idOf(eos_token);
  const named = [checkpoint.config.eos_token_id ?? []].flat().filter((id): id is number => typeof id === "number");
  return new Set(own === undefined ? named : [own, ...named]);
}
