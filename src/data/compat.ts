import { TokenizerError } from "../errors.ts";

/** A part of `tokenizer.json`: an object with a `type`. */
export type Part = Readonly<Record<string, unknown>>;

const MODELS = ["WordPiece", "BPE", "Unigram", "WordLevel"];

/**
 * Rewrites what `@huggingface/tokenizers` (JavaScript) reads differently from Rust's `tokenizers` into parts that
 * both read alike: `Whitespace` (ASCII words only there), `Punctuation` (grouped there), and `Split` on spaces.
 *
 * @param definition A parsed `tokenizer.json`. Not changed.
 * @throws {TokenizerError} for what has no such part: refused rather than tokenised otherwise than in pre-training.
 */
export function compatible(definition: Part, where: string): Part {
  const model = (definition.model ?? {}) as Part;
  const type = model.type;
  if (type !== undefined && !MODELS.includes(String(type))) refuse(`the model ${type}`, where);
  const pre = definition.pre_tokenizer as Part | null | undefined;
  return {
    normalizer: null,
    post_processor: null,
    decoder: null,
    added_tokens: [],
    ...definition,
    pre_tokenizer: pre ? preTokenizer(pre, where) : null,
  };
}

function preTokenizer(part: Part, where: string): Part {
  const { type, behavior, invert, pattern } = part;
  switch (type) {
    case "Sequence":
      return { ...part, pretokenizers: (part.pretokenizers as Part[]).map((inner) => preTokenizer(inner, where)) };
    case "Whitespace":
      return split("\\w+|[^\\w\\s]+", "Removed", true);
    case "Punctuation":
      if (behavior === "Contiguous") return part;
      if (behavior !== undefined && behavior !== "Isolated" && behavior !== "Removed") break;
      return split("[\\p{P}!-/:-@\\[-`{-~]", behavior ?? "Isolated", false);
    case "Split":
      if (behavior === "Removed" || ((behavior === "Isolated" || behavior === "Contiguous") && !invert)) return part;
      if (behavior === "MergedWithPrevious" && !invert && (pattern as Part).String === " ") {
        return split("[^ ]* |[^ ]+", "Removed", true);
      }
      break;
    default:
      return part;
  }
  return refuse(`the pre-tokenizer ${type} with behavior ${behavior}${invert ? ", inverted" : ""}`, where);
}

const split = (Regex: string, behavior: string, invert: boolean): Part => ({ type: "Split", pattern: { Regex }, behavior, invert }); // biome-ignore format: one part

/** Says what is not supported, and what is. */
export function refuse(what: string, where: string, cause?: unknown): never {
  throw new TokenizerError(`${what} is not supported`, {
    where,
    expected:
      `models ${MODELS.join(", ")}; pre-tokenizers BertPreTokenizer, ByteLevel, Digits, FixedLength, Metaspace, ` +
      "Punctuation, Replace, Sequence, Split, Whitespace, WhitespaceSplit",
    cause,
  });
}
