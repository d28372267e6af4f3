import type { Part } from "../../../tokenizer/compat.ts";

/** Pre-tokenizer of a byte-level vocabulary, and settings that belong to it. */
export interface ByteLevelSplit {
  readonly preTokenizer: Part;
  /** Text is composed (NFC) first. */
  readonly composed?: boolean;
  /** A piece of text that is a token is not built up by merges. */
  readonly ignoreMerges?: boolean;
  /** True when the begin token is put before texts, unless the file says otherwise. */
  readonly addsBos?: boolean;
}

const GPT2: Part = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
const PLAIN: Part = { ...GPT2, use_regex: false };
const split = (Regex: string): Part => ({ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false });
const sequence = (...pretokenizers: Part[]): Part => ({ type: "Sequence", pretokenizers });

const SHORTENED = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const REST = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const WORDS = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
const MARKS = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*";
const UPPER = "\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}";
const LOWER = "\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}";

/** Words from capital to capital, as in `camelCase`; `ending` may follow each. */
const camel = (ending: string): string =>
  `[^\\r\\n\\p{L}\\p{N}]?[${UPPER}]*[${LOWER}]+${ending}|[^\\r\\n\\p{L}\\p{N}]?[${UPPER}]+[${LOWER}]*${ending}`;
const CAMEL_REST = ` ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${REST}`;

const digits = sequence(split("\\p{N}"), GPT2);
const llama3 = sequence(split(`${SHORTENED}|${WORDS}|\\p{N}{1,3}|${MARKS}|${REST}`), PLAIN);
const qwen2 = sequence(split(`${SHORTENED}|${WORDS}|\\p{N}|${MARKS}|${REST}`), PLAIN);
const tekken = sequence(split(`${camel("")}|\\p{N}|${CAMEL_REST}`), PLAIN);
const gpt4o = sequence(split(`${camel(`${SHORTENED}?`)}|\\p{N}{1,3}|${CAMEL_REST}`), PLAIN);

const llamaBpe: ByteLevelSplit = { preTokenizer: llama3, ignoreMerges: true, addsBos: true };

/**
 * By `tokenizer.ggml.pre`. The expressions are those of the models' own `tokenizer.json`. Of several names for one split,
 * the first is the one that is written for a tokenizer whose name is not known.
 * @see llama.cpp, `src/llama-vocab.cpp`; transformers, `integrations/gguf/gguf_tokenizer_mapping.py`
 */
export const BYTE_LEVEL_SPLITS: Readonly<Record<string, ByteLevelSplit>> = {
  "gpt-2": { preTokenizer: GPT2 },
  olmo: { preTokenizer: GPT2, composed: true },
  mpt: { preTokenizer: GPT2, composed: true },
  smollm: { preTokenizer: digits },
  starcoder: { preTokenizer: digits },
  refact: { preTokenizer: digits },
  "llama-bpe": llamaBpe,
  llama3: llamaBpe,
  "llama-v3": llamaBpe,
  falcon3: llamaBpe,
  pixtral: llamaBpe,
  dbrx: { preTokenizer: llama3 },
  "smaug-bpe": { preTokenizer: llama3 },
  qwen2: { preTokenizer: qwen2, composed: true },
  "deepseek-r1-qwen": { preTokenizer: qwen2 },
  tekken: { preTokenizer: tekken, ignoreMerges: true, addsBos: true },
  "gpt-4o": { preTokenizer: gpt4o },
};

/** Split of a file that names none, or `default`: all models of these architectures have the same one. */
export const SPLIT_OF_ARCHITECTURE: Readonly<Record<string, string>> = {
  gpt2: "gpt-2",
  gptneox: "olmo",
  qwen2: "qwen2",
  qwen3: "qwen2",
};
