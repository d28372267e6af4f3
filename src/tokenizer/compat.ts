import { TokenizerError } from "../errors.ts";

/** A part of `tokenizer.json`: an object with a `type`. */
export type Part = Readonly<Record<string, unknown>>;

/** The kinds of models in `tokenizer.json` that are supported. */
export const MODELS = ["WordPiece", "BPE", "Unigram", "WordLevel"];

/** Says what is not supported, and what is. */
export function refuse(what: string, where: string, cause?: unknown): never {
  throw new TokenizerError(`${what} is not supported`, {
    where,
    expected:
      `models ${MODELS.join(", ")}; pre-tokenizers BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, ` +
      "FixedLength, Metaspace, Punctuation, Sequence, Split, Whitespace, WhitespaceSplit; normalizers BertNormalizer, " +
      "Lowercase, NFC, NFD, NFKC, NFKD, Precompiled, Prepend, Replace, Sequence, Strip, StripAccents",
    cause,
  });
}

/** An object of a tokenizer's files. @throws {TokenizerError} when it is something else. */
export function part(value: unknown, name: string, where: string): Part {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Part;
  throw new TokenizerError(`${name} is ${shown(value)}`, { where, expected: "an object" });
}

/** A list of a tokenizer's files. @throws {TokenizerError} when it is something else. */
export function list(value: unknown, name: string, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new TokenizerError(`${name} are ${shown(value)}`, { where, expected: "a list" });
}

/** A value as messages show it. */
export const shown = (value: unknown): string => {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return String(JSON.stringify(value)).slice(0, 60);
};
