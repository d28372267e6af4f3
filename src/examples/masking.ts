import { TokenizerError } from "../errors.ts";
import type { Random } from "../random.ts";
import { causalLm, maskedLm } from "../task-types/index.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { IGNORED } from "./labels.ts";

/** Facts of a tokenizer that masking needs. */
export interface MaskingTokens {
  readonly maskId: number;
  /** Random tokens are drawn from 0 to here. */
  readonly vocabSize: number;
  /** Never masked. */
  readonly specials: ReadonlySet<number>;
}

/** Options for masking tokens. */
export interface MaskingOptions extends MaskingTokens {
  /** Share of the tokens that is to be predicted. */
  readonly probability: number;
  readonly random: Random;
}

/** Share of the tokens to predict that is masked; half of the others is replaced by a random token, half is kept. */
const HIDDEN = 0.8;
const REPLACED = 0.9;

/**
 * Chooses tokens to predict, anew at every call, and hides most of them.
 *
 * @param ids Not changed.
 * @returns `ids` as the model sees them; `labels`, the original id at chosen tokens and `IGNORED` elsewhere.
 * @see Devlin et al. 2019, arXiv:1810.04805, section 3.1; transformers' DataCollatorForLanguageModeling.
 */
export function maskTokens(
  ids: Int32Array,
  { probability, maskId, vocabSize, specials, random }: MaskingOptions,
): { ids: Int32Array; labels: Int32Array } {
  const seen = Int32Array.from(ids);
  const labels = new Int32Array(ids.length).fill(IGNORED);
  ids.forEach((id, i) => {
    if (specials.has(id) || random.uniform() >= probability) return;
    labels[i] = id;
    const fate = random.uniform();
    if (fate < HIDDEN) seen[i] = maskId;
    else if (fate < REPLACED) seen[i] = random.int(vocabSize);
  });
  return { ids: seen, labels };
}

/** @throws {TokenizerError} when the tokenizer has no mask token: its model was not trained on masked text. */
export function maskingTokens({ special, idOf, vocabSize }: Tokenizer): MaskingTokens {
  const maskId = special.mask_token === undefined ? undefined : idOf(special.mask_token);
  if (maskId === undefined) {
    throw new TokenizerError("this tokenizer has no mask token, so no token can be masked", {
      where: `task_type: ${maskedLm.name}`,
      expected: "mask_token in tokenizer_config.json, as in BERT and similar models",
      hint: `use task_type: ${causalLm.name} for a model that predicts the next token.`,
    });
  }
  const ids = Object.values(special).map(idOf);
  return { maskId, vocabSize, specials: new Set(ids.filter((id) => id !== undefined)) };
}
