import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readRows } from "../../src/data/read.ts";
import type { Part } from "../../src/tokenizer/compat.ts";
import { loadTokenizer, tokenizerOf } from "../../src/tokenizer/tokenizer.ts";
import { collected } from "../data/collected.ts";
import { folderWith } from "../data/temporary.ts";
import { CORPUS } from "./fixtures/corpus.ts";

const rust = createRequire(import.meta.url)("tokenizers") as typeof import("tokenizers");

const fixture = (name: string): Part =>
  JSON.parse(readFileSync(join(import.meta.dirname, `fixtures/${name}.json`), "utf8")) as Part;
const ours = (definition: Part, config: Part = {}) => tokenizerOf(definition, config, [], "tokenizer.json");

function oracle(definition: Part, maxLength?: number) {
  const tokenizer = rust.Tokenizer.fromString(JSON.stringify(definition));
  tokenizer.disablePadding();
  if (maxLength === undefined) tokenizer.disableTruncation();
  else tokenizer.setTruncation(maxLength);
  return tokenizer;
}

const TEXTS = [
  ...CORPUS.trim().split("\n"),
  "",
  " ",
  "a",
  "[SEP] or </s> or <s> in the text [MASK] <mask> x",
  "  two  spaces,\ttabs\nand lines \u00a0\u3000 ",
  "Zürich ﬁne e\u0301 İstanbul x\u200by 한국어 ½ a_b--c?! #1",
  "unknownlongword".repeat(10),
];

describe.each(["wordpiece", "bytelevel", "metaspace", "unigram"])("%s", (name) => {
  const definition = fixture(name);

  test.each([undefined, 3, 5, 12])("ids equal Rust's, truncated at %s", async (maxLength) => {
    const tokenizer = ours(definition);
    const reference = oracle(definition, maxLength);
    for (const text of TEXTS) {
      const expected = (await reference.encode(text)).getIds();
      expect(tokenizer.encode(text, { maxLength: maxLength ?? 10_000 }).ids, JSON.stringify(text)).toEqual(expected);
    }
  });

  test.each([undefined, 5])("words equal Rust's is_split_into_words, truncated at %s", async (maxLength) => {
    const tokenizer = ours(definition, { tokenizer_class: "RobertaTokenizer" });
    const spaced = { ...definition, pre_tokenizer: withPrefixSpace(definition.pre_tokenizer) };
    const reference = oracle(spaced);
    for (const text of TEXTS) {
      const words = text.split(/\s+/).filter(Boolean);
      const expected = await encodeWordsInRust(reference, words, maxLength);
      const { ids, wordIds, specials } = tokenizer.encodeWords(words, { maxLength: maxLength ?? 10_000 });
      expect(ids, JSON.stringify(words)).toEqual(expected.ids);
      expect(wordIds.filter((word) => word !== null)).toEqual(expected.wordOfContent.slice(0, ids.length - specials));
    }
  });

  test("words of other tokenizers are read as they are", async () => {
    const tokenizer = ours(definition, { tokenizer_class: "PreTrainedTokenizerFast" });
    const words = ["within", "30", "days"];
    const expected = await encodeWordsInRust(oracle(definition), words);
    expect(tokenizer.encodeWords(words, { maxLength: 100 }).ids).toEqual(expected.ids);
  });

  test("decodes to what Rust decodes", async () => {
    const tokenizer = ours(definition);
    const reference = oracle(definition);
    for (const text of CORPUS.trim().split("\n")) {
      const { ids } = tokenizer.encode(text, { maxLength: 10_000 });
      expect(tokenizer.decode(ids)).toBe(await reference.decode([...ids], true));
    }
    expect(tokenizer.decode([])).toBe("");
  });
});

const withPrefixSpace = (pre: unknown): unknown =>
  (pre as Part | null)?.type === "ByteLevel" ? { ...(pre as Part), add_prefix_space: true } : pre;

/** What Rust does with `is_split_into_words`, which its JavaScript binding does not take: each word on its own, merged. */
async function encodeWordsInRust(tokenizer: InstanceType<typeof rust.Tokenizer>, words: string[], maxLength?: number) {
  tokenizer.disableTruncation();
  const parts = [];
  for (const word of words) parts.push(await tokenizer.encode(word, null, { addSpecialTokens: false }));
  if (maxLength !== undefined) tokenizer.setTruncation(maxLength);
  const empty = tokenizer.encode("", null, { addSpecialTokens: false });
  const ids = tokenizer.postProcess(parts.length ? rust.mergeEncodings(parts) : await empty, null, true).getIds();
  return { ids, wordOfContent: parts.flatMap((part, word) => part.getIds().map(() => word)) };
}

describe("parts that the JavaScript library reads otherwise", () => {
  const base = fixture("wordpiece");
  const sequence = (...pretokenizers: Part[]) => ({ type: "Sequence", pretokenizers });
  const spaces = { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false };
  const digits = { type: "Split", pattern: { Regex: "\\d" }, behavior: "MergedWithNext", invert: false };
  test.each<[string, Part]>([
    ["Whitespace", { type: "Whitespace" }],
    ["Punctuation", sequence({ type: "WhitespaceSplit" }, { type: "Punctuation" })],
    ["Punctuation, isolated", sequence({ type: "WhitespaceSplit" }, { type: "Punctuation", behavior: "Isolated" })],
    ["Punctuation, removed", sequence({ type: "WhitespaceSplit" }, { type: "Punctuation", behavior: "Removed" })],
    ["Punctuation, contiguous", sequence({ type: "WhitespaceSplit" }, { type: "Punctuation", behavior: "Contiguous" })],
    ["Split on spaces, as Gemma", spaces],
    ["Split before digits", sequence({ type: "WhitespaceSplit" }, digits)],
  ])("%s equals Rust's", async (_, pre_tokenizer) => {
    const definition = { ...base, normalizer: { type: "Lowercase" }, pre_tokenizer };
    for (const text of TEXTS) {
      const expected = (await oracle(definition).encode(text)).getIds();
      expect(ours(definition).encode(text, { maxLength: 10_000 }).ids, text).toEqual(expected);
    }
  });

  test("WordLevel takes the unknown token of the model", async () => {
    const vocab = { "[UNK]": 0, the: 1, rent: 2 };
    const model = { type: "WordLevel", vocab, unk_token: "[UNK]" };
    const definition = {
      ...base,
      added_tokens: [],
      post_processor: null,
      pre_tokenizer: { type: "Whitespace" },
      model,
    };
    expect(ours(definition).encode("the Rent is", { maxLength: 9 }).ids).toEqual([1, 2, 0]);
  });

  test("refuses what has no equal, and says what is supported", () => {
    const strange = { type: "Split", pattern: { Regex: "\\d" }, behavior: "Doubled", invert: false };
    const refused = () => ours({ ...base, pre_tokenizer: sequence({ type: "WhitespaceSplit" }, strange) });
    expect(refused).toThrow(/behavior "Doubled"[\s\S]*tokenizer.json[\s\S]*MergedWithNext/);
    expect(() => ours({ ...base, model: { type: "Mystery" } })).toThrow(/model Mystery is not supported/);
    expect(() => ours({ ...base, pre_tokenizer: { type: "UnicodeScripts" } })).toThrow(
      /UnicodeScripts.* is not supported/,
    );
  });
});

describe("truncation", () => {
  test("keeps the template and cuts the text, on the side the configuration says", () => {
    const [cls, sep] = [2, 3];
    const whole = ours(fixture("wordpiece")).encode("the tenant shall pay", { maxLength: 100 }).ids;
    expect(ours(fixture("wordpiece")).encode("the tenant shall pay", { maxLength: 4 }).ids).toEqual([
      cls,
      whole[1],
      whole[2],
      sep,
    ]);
    const left = ours(fixture("wordpiece"), { truncation_side: "left" }).encode("the tenant shall pay", {
      maxLength: 4,
    }).ids;
    expect(left).toEqual([cls, ...whole.slice(-3)]);
  });

  test("refuses a length without room for text", () =>
    expect(() => ours(fixture("wordpiece")).encode("text", { maxLength: 2 })).toThrow(
      /max_length 2 leaves no space.*\n.*2 special/,
    ));
});

describe("loadTokenizer", () => {
  test("names its files and its pad token", async () => {
    const folder = await folderWith({
      "tokenizer.json": JSON.stringify(fixture("wordpiece")),
      "tokenizer_config.json": '{"pad_token": {"content": "[PAD]"}}',
      "config.json": "{}",
    });
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer).toMatchObject({
      padId: 0,
      padToken: "[PAD]",
      files: ["tokenizer.json", "tokenizer_config.json"],
    });
  });

  test("pads with the end-of-text token where there is no pad token", () =>
    expect(ours(fixture("metaspace"), { eos_token: "</s>" })).toMatchObject({ padId: 2, padToken: "</s>" }));

  test("builds BERT's tokenizer from vocab.txt", async () => {
    const { vocab } = fixture("wordpiece").model as { vocab: Record<string, number> };
    const folder = await folderWith({
      "vocab.txt": `${Object.keys(vocab)
        .sort((a, b) => vocab[a]! - vocab[b]!)
        .join("\n")}\n`,
    });
    const [built, whole] = [await loadTokenizer(folder), ours(fixture("wordpiece"))];
    for (const text of TEXTS) {
      expect(built.encode(text, { maxLength: 20 }), text).toEqual(whole.encode(text, { maxLength: 20 }));
    }
  });

  test("says what is needed when there is none", async () => {
    const folder = await folderWith({ "config.json": "{}" });
    await expect(loadTokenizer(folder)).rejects.toThrow(
      /contains no tokenizer\n.*tokenizer.json, .*vocab.txt, or .*spm.model.*has: config.json\n.*hint/,
    );
  });

  test("names the file that is malformed", async () => {
    const folder = await folderWith({ "tokenizer.json": "{" });
    await expect(loadTokenizer(folder)).rejects.toThrow(/malformed JSON[\s\S]*tokenizer.json/);
  });
});

/** More real text: `LOWRANK_TEST_TEXTS` names a `.jsonl` or `.jsonl.gz` file of `{text}` rows. */
const textsFile = process.env.LOWRANK_TEST_TEXTS;
const minilm = join(homedir(), ".cache/lowrank-models/minilm");
const reason = existsSync(minilm) ? "" : ` (skipped: ${minilm} is not here)`;

describe.skipIf(reason)(`all-MiniLM-L6-v2${reason}`, () => {
  test("ids of real texts equal Rust's, from tokenizer.json and from vocab.txt", async () => {
    const rows = textsFile ? (await collected(await readRows(textsFile, "train"))).slice(0, 500) : [];
    const texts = [...TEXTS, ...rows.map(({ values }) => String(values.text))];
    const reference = rust.Tokenizer.fromFile(join(minilm, "tokenizer.json"));
    reference.disablePadding();
    reference.setTruncation(256);
    const vocabOnly = await folderWith({ "vocab.txt": readFileSync(join(minilm, "vocab.txt")) });
    const tokenizers = [await loadTokenizer(minilm), await loadTokenizer(vocabOnly)];
    for (const text of texts) {
      const expected = (await reference.encode(text)).getIds();
      for (const tokenizer of tokenizers)
        expect(tokenizer.encode(text, { maxLength: 256 }).ids, text).toEqual(expected);
    }
  });
});
