/**
 * The tokenizers of the families, each with the steps that its published `tokenizer.json` has, on a small vocabulary: ids
 * of 1,000 legal texts equal those of the Rust library.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Part } from "../../src/data/compat.ts";
import { embeddedRows } from "../../src/data/provisions/provisions.ts";
import { tokenizerOf } from "../../src/data/tokenizer.ts";

const rust = createRequire(import.meta.url)("tokenizers") as typeof import("tokenizers");

const fixture = (name: string): Part =>
  JSON.parse(readFileSync(join(import.meta.dirname, `fixtures/${name}.json`), "utf8")) as Part;
const [wordpiece, bytelevel, metaspace, unigram] = ["wordpiece", "bytelevel", "metaspace", "unigram"].map(fixture) as [
  Part,
  Part,
  Part,
  Part,
];

const bytes = (add_prefix_space: boolean, use_regex: boolean): Part => ({
  ...{ type: "ByteLevel", add_prefix_space, use_regex, trim_offsets: true },
});
const split = (Regex: string): Part => ({ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false });
const steps = (...pretokenizers: Part[]): Part => ({ type: "Sequence", pretokenizers });
const model = (definition: Part, more: Part): Part => ({ ...(definition.model as Part), ...more });
const words = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

const FAMILIES: Readonly<Record<string, Part>> = {
  "bert, distilbert, electra": wordpiece,
  "bert, cased": {
    ...wordpiece,
    normalizer: { ...(wordpiece.normalizer as Part), lowercase: false, strip_accents: false },
  },
  "roberta, gpt2, gpt_neox": bytelevel,
  modernbert: { ...bytelevel, normalizer: { type: "NFC" }, pre_tokenizer: bytes(false, true) },
  "xlm-roberta": unigram,
  "llama 2, mistral, phi3": metaspace,
  "llama 3, olmo2, smollm3": {
    ...bytelevel,
    pre_tokenizer: steps(split(words("\\p{N}{1,3}")), bytes(false, false)),
    model: model(bytelevel, { ignore_merges: true }),
  },
  "qwen2, qwen3": {
    ...bytelevel,
    normalizer: { type: "NFC" },
    pre_tokenizer: steps(split(words("\\p{N}")), bytes(false, false)),
  },
  smollm2: {
    ...bytelevel,
    pre_tokenizer: steps({ type: "Digits", individual_digits: true }, bytes(false, true)),
  },
  "gemma2, gemma3_text": {
    ...metaspace,
    normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" },
    pre_tokenizer: { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false },
  },
};

const rows = [...(await embeddedRows("train")), ...(await embeddedRows("test"))].slice(0, 1000);
const texts = rows.map(({ values }) => values.text as string);

describe.each(Object.entries(FAMILIES))("%s", (_, definition) => {
  test("ids of 1,000 texts", async () => {
    expect(new Set(texts).size).toBe(1000);
    const tokenizer = tokenizerOf(definition, {}, [], "tokenizer.json");
    const reference = rust.Tokenizer.fromString(JSON.stringify(definition));
    reference.disablePadding();
    reference.disableTruncation();
    for (const text of texts) {
      const expected = (await reference.encode(text)).getIds();
      expect(tokenizer.encode(text, { maxLength: Number.POSITIVE_INFINITY }).ids, text).toEqual(expected);
    }
  }, 120_000);
});
