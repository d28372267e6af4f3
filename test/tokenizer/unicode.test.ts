import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Part } from "../../src/tokenizer/compat.ts";
import { normalizerOf } from "../../src/tokenizer/normalizer.ts";
import { preTokenizerOf } from "../../src/tokenizer/pre-tokenizer.ts";

const rust = createRequire(import.meta.url)("tokenizers") as typeof import("tokenizers");
const oracle = (normalizer: Part | null, pre_tokenizer: Part | null) =>
  rust.Tokenizer.fromString(
    JSON.stringify({
      ...{ version: "1.0", truncation: null, padding: null, added_tokens: [], post_processor: null, decoder: null },
      ...{ normalizer, pre_tokenizer, model: { type: "BPE", vocab: {}, merges: [] } },
    }),
  );

/** Of the scripts with thousands of like characters, of those unassigned and of the private ones, one in 53. */
const MANY = /[\p{Cn}\p{Co}\p{Script=Han}\p{Script=Hangul}\p{Script=Tangut}\p{Script=Egyptian_Hieroglyphs}]/u;
const CODES = Array.from({ length: 0x10ffff }, (_, i) => i + 1).filter(
  (code) => (code < 0xd800 || code > 0xdfff) && (code % 53 === 0 || !MANY.test(String.fromCodePoint(code))),
);
const MARKS = ["\u0301", "\u0308", "\u0345", "\u05b4", "\u0338", "\u3099", "\u200d", "\ufe0f", "Σ", "i", "1", " "];

/** A character alone, beside letters, before and after one that may combine with it. */
function around(code: number): string {
  const char = String.fromCodePoint(code);
  const mark = MARKS[(code * 7) % MARKS.length] as string;
  return `${char} a${char}b ${char}${mark} A${char}${mark}. ${mark}${char}  ${char} ${char}`;
}

/** Code points for which the two differ, in hexadecimal. They are compared in blocks, and one by one where those differ. */
function differences(ours: (text: string) => string, theirs: (text: string) => string, codes = CODES): string {
  const differ = (text: string) => ours(text) !== theirs(text);
  const found: number[] = [];
  for (let at = 0; at < codes.length; at += 64) {
    const block = codes.slice(at, at + 64);
    if (differ(block.map(around).join("x"))) found.push(...block.filter((code) => differ(around(code))));
  }
  return found.map((code) => code.toString(16)).join(" ");
}

const bert = (on: Part): Part => ({
  ...{ type: "BertNormalizer", clean_text: false, handle_chinese_chars: false, strip_accents: false, lowercase: false },
  ...on,
});
const NORMALIZERS: Readonly<Record<string, Part>> = {
  ...Object.fromEntries(["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents"].map((type) => [type, { type }])),
  Strip: { type: "Strip", strip_left: true, strip_right: true },
  "Strip, left": { type: "Strip", strip_left: true, strip_right: false },
  "BertNormalizer, clean_text": bert({ clean_text: true }),
  "BertNormalizer, handle_chinese_chars": bert({ handle_chinese_chars: true }),
  "BertNormalizer, strip_accents": bert({ strip_accents: true }),
  "BertNormalizer, lowercase": bert({ lowercase: true, strip_accents: null }),
  Prepend: { type: "Prepend", prepend: "▁" },
  Replace: { type: "Replace", pattern: { String: "1" }, content: "one" },
};

describe("normalizers change every character as Rust's do", () => {
  test.each(Object.entries(NORMALIZERS))("%s", (_, config) => {
    const { normalize } = normalizerOf(config, "tokenizer.json");
    const theirs = oracle(config, null).getNormalizer()!;
    expect(differences(normalize, (text) => theirs.normalizeString(text))).toBe("");
  });

  test("Precompiled, with sentencepiece's own rules", () => {
    const bytes = gunzipSync(readFileSync(join(import.meta.dirname, "fixtures/nmt_nfkc.charsmap.gz")));
    const config = { type: "Precompiled", precompiled_charsmap: bytes.toString("base64") };
    const { normalize } = normalizerOf(config, "tokenizer.json");
    const theirs = oracle(config, null).getNormalizer()!;
    expect(normalize("①２ ｱﾞ\u200b ﬁne")).toBe("12 ア゙  fine");
    expect(differences(normalize, (text) => theirs.normalizeString(text))).toBe("");
    // every character twice, in two implementations: half a minute on a busy machine
  }, 120_000);
});

const split = (regex: string, behavior: string, invert = false): Part => ({ type: "Split", pattern: { Regex: regex }, behavior, invert }); // biome-ignore format: one part
const PRE_TOKENIZERS: Readonly<Record<string, Part>> = {
  ...Object.fromEntries(["BertPreTokenizer", "WhitespaceSplit"].map((type) => [type, { type }])),
  ...Object.fromEntries(
    ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"].map((behavior) => [
      `Punctuation, ${behavior}`,
      { type: "Punctuation", behavior },
    ]),
  ),
  Digits: { type: "Digits", individual_digits: false },
  "Digits, individual": { type: "Digits", individual_digits: true },
  Metaspace: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
  "Metaspace, whole": { type: "Metaspace", replacement: "▁", prepend_scheme: "first", split: false },
  CharDelimiterSplit: { type: "CharDelimiterSplit", delimiter: "." },
  "Split, merged with next": split("[a.]", "MergedWithNext"),
  "Split, merged with previous, inverted": split("[a.]", "MergedWithPrevious", true),
  "Split, contiguous": split("[a.]", "Contiguous", true),
};
/** These ask the JavaScript engine for a character's category; it may know more characters than Rust's library, or fewer. */
const BY_CATEGORY: Readonly<Record<string, Part>> = {
  Whitespace: { type: "Whitespace" },
  ByteLevel: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
};

describe("pre-tokenizers cut at every character as Rust's do", () => {
  const cuts = (config: Part, codes = CODES): string => {
    const ours = preTokenizerOf(config, "tokenizer.json");
    const theirs = oracle(null, config).getPreTokenizer()!;
    const listed = (pieces: readonly string[]) => JSON.stringify(pieces);
    return differences(
      (text) => listed(ours.cut(text, true).map(({ text }) => text)),
      (text) => listed(theirs.preTokenizeString(text).map(([piece]) => piece)),
      codes,
    );
  };
  const assigned = oracle(null, split("\\P{Cn}", "Isolated")).getPreTokenizer()!;
  const known = CODES.filter((code) => {
    const char = String.fromCodePoint(code);
    return !/\p{Cn}/u.test(char) && assigned.preTokenizeString(`\u{e0fff}${char}\u{e0fff}`).length === 3;
  });
  test.each(Object.entries(PRE_TOKENIZERS))("%s", (_, config) => expect(cuts(config)).toBe(""));
  test.each(Object.entries(BY_CATEGORY))("%s", (_, config) => expect(cuts(config, known)).toBe(""));
});
