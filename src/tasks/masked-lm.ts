import { guessWholeText } from "../examples/guess-columns.ts";
import { IGNORED } from "../examples/labels.ts";
import { maskedEncoder, plainText } from "../examples/masked.ts";
import { maskingTokens, maskTokens } from "../examples/masking.ts";
import type { TokenExample } from "../examples/tokens.ts";
import type { Random } from "../random.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { TaskDefinition } from "./definition.ts";
import { languageModel } from "./language-model.ts";
import { splitOf } from "./split.ts";

/** Tokens that are hidden, others at each step. */
export const maskedLanguageModel: TaskDefinition = {
  ...languageModel,
  uses(rows, given) {
    const text_column = guessWholeText(rows, given);
    if (text_column === undefined) return [];
    return [{ certainty: "text", keys: { text_column }, about: "plain texts", start: "masked-text.yaml" }];
  },
  split: (rows, recipe) =>
    splitOf(rows, {
      pick: (row) => plainText(row, { textColumn: recipe.text_column }),
      text: ({ text }) => text,
      encoder: ({ tokenizer, maxLength }) => maskedEncoder(tokenizer, maxLength),
    }),
  draw: (example, tokenizer, { mlm_probability: probability }, random) =>
    maskedOnce(example as TokenExample, tokenizer, probability, random),
};

/** Hides one token at least, so that every step has something to learn. */
function maskedOnce(example: TokenExample, tokenizer: Tokenizer, probability: number, random: Random): TokenExample {
  const options = { ...maskingTokens(tokenizer), probability, random };
  for (;;) {
    const masked = maskTokens(example.ids, options);
    if (masked.labels.some((label) => label !== IGNORED)) return { ...example, ...masked };
  }
}
