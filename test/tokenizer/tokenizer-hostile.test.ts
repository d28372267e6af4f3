import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TokenizerError } from "../../src/errors.ts";
import type { Part } from "../../src/tokenizer/compat.ts";
import { loadTokenizer, tokenizerOf } from "../../src/tokenizer/tokenizer.ts";
import { folderWith } from "../data/temporary.ts";

const base = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures/wordpiece.json"), "utf8")) as Part;
const model = base.model as Part & { readonly vocab: Record<string, number> };
const bpe: Part = { type: "BPE", unk_token: "[UNK]", vocab: { "[UNK]": 0, a: 1 }, merges: [] };
const open = (changed: Part, config: Part = {}) => tokenizerOf({ ...base, ...changed }, config, [], "tokenizer.json");
const regex = (Regex: string, more: Part = {}): Part => ({
  type: "Split",
  pattern: { Regex },
  behavior: "Isolated",
  ...more,
});
const replace = (text: string, content: string): Part => ({ type: "Replace", pattern: { String: text }, content });
const nested = (depth: number): Part =>
  depth === 0 ? { type: "Lowercase" } : { type: "Sequence", normalizers: [nested(depth - 1)] };

/** The error, and the seconds it took. */
function failure(act: () => unknown): [error: unknown, seconds: number] {
  const start = performance.now();
  try {
    act();
  } catch (error) {
    return [error, (performance.now() - start) / 1000];
  }
  throw new Error("did not throw");
}

describe("a tokenizer.json that would never end", () => {
  test.each<[string, Part, string]>([
    ["nested quantifiers", { pre_tokenizer: regex("^(a+)+$") }, `${"a".repeat(40)}b`],
    ["alternatives that match alike, repeated", { pre_tokenizer: regex("(a|a)*c") }, `${"a".repeat(40)}b`],
    ["an optional part, repeated", { pre_tokenizer: regex("(?:aa?)+c") }, `${"a".repeat(60)}b`],
    ["many quantifiers", { pre_tokenizer: regex("^a*a*a*a*a*a*a*a*$") }, `${"a".repeat(200)}b`],
    ["spaces at the end", { pre_tokenizer: regex("\\s+$") }, `${" ".repeat(100_000)}b`],
    [
      "a normalizer",
      { normalizer: { type: "Replace", pattern: { Regex: "^(a+)+$" }, content: "" } },
      `${"a".repeat(40)}b`,
    ],
  ])("%s", (_, changed, text) => {
    const [error, seconds] = failure(() => open({ ...changed, model: bpe }).encode(text, { maxLength: 9 }));
    expect(error).toBeInstanceOf(TokenizerError);
    expect(String(error)).toMatch(/takes too long: more than .* s for \d+ characters\n {2}at: tokenizer.json/);
    expect(seconds).toBeLessThan(30); // of a machine that may be busy; its own time is 0.6 s and 10 µs a character
  });

  test("a text that grows tenfold again and again", () => {
    const normalizers = "abcdefghi".split("").map((char, i) => replace(char, "bcdefghij"[i]!.repeat(10)));
    const [error] = failure(() =>
      open({ normalizer: { type: "Sequence", normalizers } }).encode("aaaa", { maxLength: 9 }),
    );
    expect(String(error)).toMatch(/the tokenizer's normalizer makes a text too long/);
    const pretokenizers = Array.from({ length: 30 }, () => ({ type: "ByteLevel", use_regex: false }));
    const [bytes] = failure(() =>
      open({ pre_tokenizer: { type: "Sequence", pretokenizers } }).encode("日", { maxLength: 9 }),
    );
    expect(String(bytes)).toMatch(/the tokenizer's pre-tokenizer makes a text too long/);
    const decoders = "abcdefghi".split("").map((char, i) => replace(char, "bcdefghij"[i]!.repeat(10)));
    expect(() => open({ decoder: { type: "Sequence", decoders } })).toThrow(/tokenizer's decoder makes a text too/);
  });

  test("a long text is no reason to stop", () => {
    const text = "the tenant shall pay rent. ".repeat(40_000); // 1 MB
    expect(open({}).encodePlain(text).length).toBeGreaterThan(200_000);
  });
});

describe("ids that are none", () => {
  test.each([2 ** 31, 2 ** 32 + 1, -1, 0.5, "7", null])("%s", (id) => {
    const vocab = { ...model.vocab, the: id };
    expect(() => open({ model: { ...model, vocab } })).toThrow(/the id of the token "the" is .*\n.*\n.*integer from 0/);
    expect(() => open({ added_tokens: [{ content: "<x>", id }] })).toThrow(/the id of the added token "<x>" is/);
    const special_tokens = { "[CLS]": { id: "[CLS]", ids: [id], tokens: ["[CLS]"] } };
    const post_processor = { ...(base.post_processor as Part), special_tokens };
    expect(() => open({ post_processor })).toThrow(/the id of the special token "\[CLS\]" is/);
  });
});

describe("parts that are malformed", () => {
  test.each<[string, Part]>([
    ["no model", { model: null }],
    ["a model that is a list", { model: [] }],
    ["no vocab", { model: { type: "BPE", merges: [] } }],
    ["no merges", { model: { type: "BPE", vocab: {} } }],
    ["a merge of three", { model: { ...bpe, merges: ["a b c"] } }],
    ["scores that are none", { model: { type: "Unigram", unk_id: 0, vocab: [["a", "b"]] } }],
    ["an unk_id beyond the vocab", { model: { type: "Unigram", unk_id: 7, vocab: [["a", 0]] } }],
    ["a Unigram without tokens", { model: { type: "Unigram", unk_id: 0, vocab: [] } }],
    ["added tokens that are an object", { added_tokens: {} }],
    ["an added token that is null", { added_tokens: [null] }],
    ["a Sequence without pre-tokenizers", { pre_tokenizer: { type: "Sequence" } }],
    ["a Sequence without normalizers", { normalizer: { type: "Sequence" } }],
    ["a pre-tokenizer that is a list", { pre_tokenizer: [] }],
    ["a Split without a pattern", { pre_tokenizer: { type: "Split", behavior: "Isolated" } }],
    ["a pattern that is no expression", { pre_tokenizer: regex("(") }],
    ["a pattern of a megabyte", { pre_tokenizer: regex("[".repeat(1e6)) }],
    ["TemplateProcessing without single", { post_processor: { type: "TemplateProcessing" } }],
    [
      "TemplateProcessing of one text with a second",
      { post_processor: { type: "TemplateProcessing", single: [{ Sequence: { id: "B", type_id: 0 } }] } },
    ],
    ["TemplateProcessing of nulls", { post_processor: { type: "TemplateProcessing", single: [null] } }],
    ["BertProcessing without sep", { post_processor: { type: "BertProcessing" } }],
    ["a template that does not exist", { post_processor: { type: "Mystery" } }],
    ["a decoder that does not exist", { decoder: { type: "Mystery" } }],
    ["deep nesting", { normalizer: nested(1000) }],
    ["a charsmap that is none", { normalizer: { type: "Precompiled", precompiled_charsmap: "AAAA" } }],
    ["a FixedLength of nothing", { pre_tokenizer: { type: "FixedLength", length: 0 } }],
  ])("%s", (_, changed) => {
    const [error] = failure(() => open(changed).encode("the tenant", { maxLength: 9 }));
    expect(error).toBeInstanceOf(TokenizerError);
  });

  test.each<[string, Record<string, string>]>([
    ["null", { "tokenizer.json": "null" }],
    ["a list", { "tokenizer.json": "[]" }],
    ["no JSON", { "tokenizer.json": "{" }],
    ["a deep list", { "tokenizer.json": "[".repeat(100_000) + "]".repeat(100_000) }],
    ["a configuration that is null", { "tokenizer.json": JSON.stringify(base), "tokenizer_config.json": "null" }],
    [
      "a class that is nested deep",
      {
        "tokenizer.json": JSON.stringify(base),
        "tokenizer_config.json": `{"tokenizer_class":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
      },
    ],
    [
      "chat templates of nulls",
      { "tokenizer.json": JSON.stringify(base), "tokenizer_config.json": '{"chat_template":[null]}' },
    ],
    [
      "a chat template that is a number",
      { "tokenizer.json": JSON.stringify(base), "tokenizer_config.json": '{"chat_template":7}' },
    ],
    [
      "a decoded id that is none",
      {
        "tokenizer.json": JSON.stringify(base),
        "tokenizer_config.json": '{"added_tokens_decoder":{"-1":{"content":"x"}}}',
      },
    ],
  ])("a file that is %s", async (_, files) => {
    await expect(loadTokenizer(await folderWith(files))).rejects.toBeInstanceOf(TokenizerError);
  });

  test("a byte order mark and a key twice are read as Python does", async () => {
    const json = `\ufeff${JSON.stringify(base).replace(/\}$/, ',"version":"2.0"}')}`;
    const tokenizer = await loadTokenizer(await folderWith({ "tokenizer.json": json }));
    expect(tokenizer.vocabSize).toBe(open({}).vocabSize);
  });
});
