import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { embeddedRows } from "../../src/provisions/provisions.ts";
import type { Part } from "../../src/tokenizer/compat.ts";
import { tokenizerOf } from "../../src/tokenizer/tokenizer.ts";

const rust = createRequire(import.meta.url)("tokenizers") as typeof import("tokenizers");

/** Legal texts that trained the vocabularies, and 1,000 texts that did not: legal ones, and such as nobody would write. */
const legal = (await embeddedRows("train")).map(({ values }) => values.text as string);
const [TRAINED, READ] = [legal.slice(0, 300), legal.slice(300, 1100)];
const WORDS = [
  ...[
    "the",
    "Licensee",
    "can't",
    "WE'LL",
    "I'm",
    "Zürich",
    "e\u0301te",
    "ﬁne",
    "İstanbul",
    "naïve",
    "한국어",
    "日本語です",
    "العربية",
  ],
  ...[
    "👩‍👩‍👧",
    "🇫🇷",
    "½",
    "½x",
    "Ⅷ",
    "١٢٣",
    "1234567",
    "3.14",
    "$5,000.00",
    "a_b--c?!",
    "#include",
    "</s>",
    "x\u200by",
    "\ufeff",
  ],
  ...[
    "...",
    "!!!\n",
    "\r\n",
    "\n\n\n",
    "\t",
    "  ",
    "   ",
    "\u00a0",
    "\u3000",
    "'s",
    "'S",
    "’s",
    "§",
    "“quoted”",
    "=>",
    "\u0000\u0007",
  ],
];
const separators = fc.constantFrom(" ", "", "  ", "\n", ", ", ".");
const strange = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...WORDS), fc.string({ unit: "binary", maxLength: 4 })), separators), {
    maxLength: 20,
  })
  .map((parts) =>
    parts
      .flat()
      .join("")
      .replace(/\p{Surrogate}/gu, "�"),
  );
const TEXTS = [...READ, ...fc.sample(strange, { numRuns: 200, seed: 7 })];

const split = (regex: string, more: Part = {}): Part => ({
  ...{ type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false },
  ...more,
});
const byteLevel = (more: Part = {}): Part => ({
  ...{ type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  ...more,
});
const sequence = (key: "pretokenizers" | "normalizers", ...parts: Part[]): Part => ({ type: "Sequence", [key]: parts });
const bytes = byteLevel({ use_regex: false });
/** How the tokenizers since cl100k cut text, but for how many digits stay together. */
const modern = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const replaceSpaces: Part = { type: "Replace", pattern: { String: " " }, content: "▁" };
const nfc: Part = { type: "NFC" };
const tokens = (...contents: string[]): Part[] =>
  contents.map((content) => ({
    ...{ content, single_word: false, lstrip: false, rstrip: false, normalized: !/^[<[]/.test(content) },
    special: /^[<[]/.test(content),
  }));

/** What a family's tokenizers are made of, as its checkpoints have it. */
interface Family {
  readonly normalizer?: Part;
  readonly pre_tokenizer?: Part;
  /** Settings of the BPE model. */
  readonly model?: Part;
  /** Tokens beside the vocabulary. */
  readonly added?: readonly Part[];
  /** Merges that come before those learned. */
  readonly merges?: readonly (readonly [string, string])[];
}

const prependSpace = sequence("normalizers", { type: "Prepend", prepend: "▁" }, replaceSpaces);
const FAMILIES: Readonly<Record<string, Family>> = {
  "llama 2, mistral, phi3": {
    normalizer: prependSpace,
    model: { byte_fallback: true, fuse_unk: true, unk_token: "<unk>" },
    added: tokens("<unk>", "<s>", "</s>"),
  },
  "llama 3, smollm3": {
    pre_tokenizer: sequence("pretokenizers", split(modern("\\p{N}{1,3}")), bytes),
    model: { ignore_merges: true },
    added: tokens("<|begin_of_text|>", "<|eot_id|>"),
  },
  smollm2: {
    pre_tokenizer: sequence("pretokenizers", { type: "Digits", individual_digits: true }, byteLevel()),
    added: tokens("<|im_start|>", "<|im_end|>"),
  },
  "qwen2, qwen3": {
    normalizer: nfc,
    pre_tokenizer: sequence("pretokenizers", split(modern("\\p{N}")), bytes),
    added: tokens("<|im_start|>", "<|im_end|>"),
  },
  "gemma2, gemma3_text": {
    normalizer: replaceSpaces,
    pre_tokenizer: { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false },
    model: { byte_fallback: true, fuse_unk: true, unk_token: "<unk>" },
    merges: [
      ["▁", "▁"],
      ["▁▁", "▁"],
    ],
    added: [
      ...tokens("<unk>", "<bos>"),
      ...tokens("\n\n", "\n\n\n", "▁▁", "▁▁▁").map((token) => ({ ...token, normalized: false })),
    ],
  },
  olmo2: {
    pre_tokenizer: sequence("pretokenizers", split(modern("\\p{N}{1,3}")), bytes),
    added: tokens("<|endoftext|>"),
  },
  gpt2: { pre_tokenizer: byteLevel(), added: tokens("<|endoftext|>") },
  gpt_neox: {
    normalizer: nfc,
    pre_tokenizer: byteLevel(),
    added: [...tokens("<|endoftext|>"), ...tokens("   ", "  ")],
  },
  modernbert: { normalizer: nfc, pre_tokenizer: byteLevel(), added: tokens("[CLS]", "[SEP]") },
};

describe.each(Object.entries(FAMILIES))("the tokenizer of %s", (_, family) => {
  const definition = trained(family);

  test("reads 1,000 texts as Rust's", async () => {
    expect(TEXTS).toHaveLength(1000);
    const ours = tokenizerOf(definition, {}, [], "tokenizer.json");
    const reference = rust.Tokenizer.fromString(JSON.stringify(definition));
    const expected = await reference.encodeBatch(TEXTS);
    for (const [i, text] of TEXTS.entries()) {
      expect(ours.encode(text, { maxLength: 100_000 }).ids, JSON.stringify(text)).toEqual(expected[i]?.getIds());
    }
  });
});

/** A tokenizer of the family's make, its merges learned from a few hundred texts; it has every byte. */
function trained({ model = {}, added = [], merges = [], ...pipeline }: Family): Part {
  const definition = {
    ...{ version: "1.0", truncation: null, padding: null, added_tokens: [] as Part[] },
    ...{ normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...pipeline },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      ...model,
      vocab: {} as Record<string, number>,
      merges: [] as unknown[],
    },
  };
  const folder = mkdtempSync(join(tmpdir(), "lowrank-tokenizer-"));
  try {
    const [corpus, file] = [join(folder, "corpus.txt"), join(folder, "tokenizer.json")];
    writeFileSync(corpus, TRAINED.join("\n"));
    const tokenizer = rust.Tokenizer.fromString(JSON.stringify(definition));
    tokenizer.train([corpus]);
    tokenizer.save(file);
    const { vocab, merges: learned } = JSON.parse(readFileSync(file, "utf8")).model;
    const alphabet = model.byte_fallback
      ? Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`)
      : rust.byteLevelAlphabet();
    const names = [
      ...added.map(({ content }) => content as string),
      ...alphabet,
      ...Object.keys(vocab).toSorted((a, b) => vocab[a] - vocab[b]),
    ];
    const ids = new Map([...new Set(names)].map((name, id) => [name, id]));
    return {
      ...definition,
      added_tokens: added.map((token) => ({ id: ids.get(token.content as string), ...token })),
      model: { ...definition.model, vocab: Object.fromEntries(ids), merges: [...merges, ...learned] },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
