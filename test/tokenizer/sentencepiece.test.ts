import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { TokenizerError } from "../../src/errors.ts";
import { readSentencePiece } from "../../src/sentencepiece/model.ts";
import type { Part } from "../../src/tokenizer/compat.ts";
import { debertaV2Tokenizer } from "../../src/tokenizer/deberta-v2.ts";
import { loadTokenizer } from "../../src/tokenizer/tokenizer.ts";
import { temporaryFolder } from "../formats/temporary.ts";

const FOLDER = "test/parity/fixtures/sentencepiece";
const bytes = new Uint8Array(readFileSync(`${FOLDER}/spm.model`));

/** What transformers makes of the folder under a `tokenizer_config.json`; see `make_sentencepiece_fixture.py`. */
interface Expected {
  readonly config: Part;
  readonly definition: Part & { readonly model: Part & { readonly vocab: readonly [string, number][] } };
  readonly size: number;
  readonly texts: readonly [string, readonly number[]][];
}
const { versions: _, ...expected } = JSON.parse(readFileSync(`${FOLDER}/expected.json`, "utf8"));
const cases = Object.entries(expected as Record<string, Expected>);

const root = await temporaryFolder();
let copies = 0;

/** A copy of the folder with another `tokenizer_config.json`. */
function folderWith(config: object): string {
  const folder = `${root}/${copies++}`;
  mkdirSync(folder);
  cpSync(`${FOLDER}/spm.model`, `${folder}/spm.model`);
  writeFileSync(`${folder}/tokenizer_config.json`, JSON.stringify(config));
  return folder;
}

describe.each(cases)("spm.model without tokenizer.json, %s", (_, { config, definition, size, texts }) => {
  test.each(texts)("%j has the ids that transformers gives", async (text, ids) => {
    const tokenizer = await loadTokenizer(folderWith(config));
    expect(tokenizer.encode(text, { maxLength: 512 }).ids).toEqual(ids);
  });

  test("becomes the tokenizer.json of transformers", async () => {
    const { definition: made } = debertaV2Tokenizer(bytes, config, "spm.model");
    const { vocab, ...model } = made.model as { vocab: [string, number][] };
    const shown = [...vocab.slice(0, 6), ...vocab.slice(-2)];
    const { vocab: wanted, ...wantedModel } = definition.model;
    expect(shown.map(([piece]) => piece)).toEqual(wanted.map(([piece]) => piece));
    wanted.forEach(([, score], i) => void expect(shown[i]![1]).toBeCloseTo(score, 5));
    expect(model).toEqual(wantedModel);
    for (const name of ["added_tokens", "normalizer", "pre_tokenizer", "decoder"]) {
      expect(made[name], name).toEqual(definition[name]);
    }
    const { pair: _, ...template } = definition.post_processor as Part;
    expect(made.post_processor).toEqual(template);
    expect((await loadTokenizer(folderWith(config))).vocabSize).toBe(size);
  });
});

test("special tokens are those of DeBERTa where tokenizer_config.json names none, and its own where it does", async () => {
  const plain = await loadTokenizer(FOLDER);
  expect([plain.padId, plain.special.mask_token, plain.idOf("[MASK]")]).toEqual([0, "[MASK]", 200]);
  expect(plain.files).toEqual(["tokenizer_config.json", "spm.model"]);
  const other = await loadTokenizer(folderWith({ mask_token: { content: "<blank>", lstrip: true } }));
  expect([other.idOf("<blank>"), other.idOf("[MASK]")]).toEqual([200, undefined]);
});

describe("is refused", () => {
  const [control, unigram] = [3, 1];
  const model = (type: number, pieces: readonly [string, number][]): Uint8Array => {
    const writer = new BinaryWriter();
    for (const [text, kind] of pieces) writer.tag(1, 2).fork().tag(1, 2).string(text).tag(2, 5).float(0).tag(3, 0).int32(kind).join(); // biome-ignore format: one message
    return writer.tag(2, 2).fork().tag(3, 0).int32(type).tag(40, 0).int32(0).join().finish();
  };
  const build = (bytes: Uint8Array, config: Part = {}) => debertaV2Tokenizer(bytes, config, "a/spm.model");

  test.each([
    ["bytes of another file", () => readSentencePiece(new TextEncoder().encode("version https://git-lfs"), "a/spm.model"), "not a SentencePiece model"],
    ["a file that was cut", () => readSentencePiece(bytes.slice(0, 1000), "a/spm.model"), "not a SentencePiece model"],
    ["an empty file", () => readSentencePiece(new Uint8Array(), "a/spm.model"), "without pieces"],
    ["a kind that is none", () => build(model(unigram, [["x", 9]])), "not a SentencePiece model"],
    ["a group", () => readSentencePiece(new BinaryWriter().tag(9, 3).tag(9, 4).finish(), "a/spm.model"), "not a SentencePiece model"],
    ["byte pair encoding", () => build(model(2, [["[PAD]", control]])), "of the type bpe"],
    ["another tokenizer", () => build(bytes, { tokenizer_class: "SpeechT5Tokenizer" }), 'a "SpeechT5Tokenizer" without a tokenizer.json'],
    ["tokens added later", () => build(bytes, { added_tokens_decoder: { 201: { content: "<new>" } } }), 'the token "<new>" with id 201 is not in spm.model'],
  ])("%s", (_, act, message) => {
    expect(act).toThrow(TokenizerError);
    expect(act).toThrow(message);
    expect(act).toThrow("a/spm.model");
  }); // biome-ignore format: a table

  test("but tokens that the settings repeat are not", () => {
    const added_tokens_decoder = { 0: { content: "[PAD]" }, 200: { content: "[MASK]" } };
    expect(build(bytes, { added_tokens_decoder, tokenizer_class: "DebertaV2Tokenizer" }).config.pad_token).toBe(
      "[PAD]",
    );
  });
});
