import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { TokenizerError } from "../../../src/errors.ts";
import { openGguf } from "../../../src/formats/gguf/file.ts";
import {
  ggufTokenizer,
  type TokenizerFiles,
  writeTokenizerFiles,
} from "../../../src/formats/gguf/tokenizer/read-tokenizer.ts";
import { BYTE_LEVEL_SPLITS } from "../../../src/formats/gguf/tokenizer/splits.ts";
import { loadTokenizer, tokenizerOf } from "../../../src/tokenizer/tokenizer.ts";
import { folderWith } from "../../data/temporary.ts";

const rust = createRequire(import.meta.url)("tokenizers") as typeof import("tokenizers");

/** As `test/parity/make_gguf_checkpoints.py` writes it: ids of each text, by whose they are. */
interface Expected {
  readonly texts: readonly string[];
  /** Expressions that transformers cuts text by. */
  readonly splits: Readonly<Record<string, string>>;
  readonly models: Readonly<Record<string, { readonly ids: Ids }>>;
}

interface Ids {
  /** Of a byte-level tokenizer before the conversion, or of sentencepiece. */
  readonly original?: readonly (readonly number[])[];
  readonly sentencepiece?: readonly (readonly number[])[];
  /** Of the tokenizer that transformers builds from the GGUF file. */
  readonly transformers?: readonly (readonly number[])[];
  /** The first of them as text. */
  readonly decoded: readonly string[];
}
const FOLDER = "test/parity/fixtures/gguf";
const { texts, splits, models } = JSON.parse(readFileSync(`${FOLDER}/expected.json`, "utf8")) as Expected;
const LONG = { maxLength: 10_000 };

const metadataOf = async (name: string) => (await openGguf(`${FOLDER}/${name}.gguf`)).metadata;
const filesOf = async (name: string) => ggufTokenizer(await metadataOf(name), `${name}.gguf`);
const opened = ({ definition, config }: TokenizerFiles) => tokenizerOf(definition, config, [], "tokenizer.json");

describe.each(Object.entries(models))("%s", (name, { ids: { original, sentencepiece, transformers, decoded } }) => {
  test("ids are those of the tokenizer before the conversion", async () => {
    const tokenizer = opened(await filesOf(name));
    for (const [i, text] of texts.entries()) {
      const { ids, specials } = tokenizer.encode(text, LONG);
      if (original) expect(ids, text).toEqual(original[i]);
      // sentencepiece itself knows no special tokens in a text
      else if (!/<\/?s>/.test(text)) expect(ids.slice(specials), text).toEqual(sentencepiece?.[i]);
      else if (name !== "llama-pieces") expect(ids, text).toEqual(transformers?.[i]);
    }
  });

  test("Rust reads the definition alike", async () => {
    const files = await filesOf(name);
    const [ours, theirs] = [opened(files), rust.Tokenizer.fromString(JSON.stringify(files.definition))];
    for (const text of texts) {
      const ids = (await theirs.encode(text)).getIds();
      expect(ours.encode(text, LONG).ids, text).toEqual(ids);
      expect(ours.decode(ids), text).toBe(await theirs.decode(ids, true));
    }
  });

  test("decodes to what transformers decodes", async () => {
    const tokenizer = opened(await filesOf(name));
    expect((original ?? transformers)?.map((ids) => tokenizer.decode(ids))).toEqual(decoded);
  });
});

describe("the cut", () => {
  test.each(Object.keys(BYTE_LEVEL_SPLITS))("%s is transformers' own, and Rust's", async (pre) => {
    const { preTokenizer } = BYTE_LEVEL_SPLITS[pre]!;
    const expressions = [...JSON.stringify(preTokenizer).matchAll(/"Regex":("(?:[^"\\]|\\.)*")/g)];
    if (splits[pre]) expect(expressions.map(([, quoted]) => JSON.parse(quoted!))).toEqual([splits[pre]]);

    const files = ggufTokenizer(new Map(await metadataOf("llama")).set("tokenizer.ggml.pre", pre), pre);
    const [ours, theirs] = [opened(files), rust.Tokenizer.fromString(JSON.stringify(files.definition))];
    for (const text of [...texts, "camelCase HTMLParser ÉCOLE/école\n//\n  x ǅungla"]) {
      expect(ours.encode(text, LONG).ids, text).toEqual((await theirs.encode(text)).getIds());
    }
  });
});

test("special tokens, template and flags", async () => {
  const { config } = await filesOf("llama");
  expect(config).toEqual({
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    add_bos_token: true,
    add_eos_token: false,
    bos_token: "<|im_start|>",
    eos_token: "<|im_end|>",
    unk_token: "<|endoftext|>",
    pad_token: "<|im_end|>",
    chat_template: expect.stringContaining("{% for m in messages %}"),
  });
  const { definition } = await filesOf("gpt2");
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  expect(definition.added_tokens).toEqual([
    { id: 0, content: "<|endoftext|>", ...flags, special: true },
    { id: 1, content: "<|im_start|>", ...flags, special: true },
    { id: 2, content: "<|im_end|>", ...flags, special: true },
    { id: 300, content: "<tool>", ...flags, special: false },
  ]);
  expect(opened(await filesOf("gemma2"))).toMatchObject({ padId: 0, padToken: "<pad>" });
});

test("written files are loaded again", async () => {
  const files = await filesOf("llama-pieces");
  const folder = await folderWith({});
  await writeTokenizerFiles(folder, files);
  const [loaded, direct] = [await loadTokenizer(folder), opened(files)];
  expect(loaded.files).toEqual(["tokenizer.json", "tokenizer_config.json"]);
  expect([loaded.padToken, loaded.chatTemplate]).toEqual([direct.padToken, direct.chatTemplate]);
  for (const text of texts) expect(loaded.encode(text, LONG)).toEqual(direct.encode(text, LONG));
});

/** The ids of a text by that tokenizer with other metadata. */
async function idsWith(name: string, changed: Record<string, unknown>, text: string): Promise<readonly number[]> {
  const metadata = new Map<string, unknown>(await metadataOf(name));
  for (const [key, value] of Object.entries(changed)) {
    if (value === undefined) metadata.delete(key);
    else metadata.set(key, value);
  }
  return opened(ggufTokenizer(metadata, `${name}.gguf`)).encode(text, LONG).ids;
}

describe("what a file does not say", () => {
  const cases: [string, string, Record<string, unknown>, boolean][] = [
    [
      "Llama 3's vocabulary puts the begin token before texts",
      "llama",
      { "tokenizer.ggml.add_bos_token": undefined },
      true,
    ],
    ["unless told otherwise", "llama", { "tokenizer.ggml.add_bos_token": false }, false],
    ["GPT-2's does not", "gpt2", { "tokenizer.ggml.add_bos_token": undefined }, false],
    ["sentencepiece's does", "phi3", { "tokenizer.ggml.add_bos_token": undefined }, true],
  ];
  test.each(cases)("%s", async (_, name, changed, adds) => {
    expect((await idsWith(name, changed, "the fee")).includes(1)).toBe(adds);
  });

  test("the cut of a vocabulary is that of its architecture, where all its models have one", async () => {
    const text = "12 isn't\n\n x";
    for (const name of ["qwen2", "qwen3", "gpt2", "gptneox"]) {
      const unnamed = idsWith(name, { "tokenizer.ggml.pre": undefined }, text);
      expect(await unnamed, name).toEqual(await idsWith(name, {}, text));
      expect(await idsWith(name, { "tokenizer.ggml.pre": "default" }, text), name).toEqual(await unnamed);
    }
  });

  test("kinds: named special tokens are special all the same", async () => {
    const ids = await idsWith("gpt2", { "tokenizer.ggml.token_type": undefined }, "<|im_end|><tool>");
    expect(ids[0]).toBe(2);
    expect(ids.length).toBeGreaterThan(2);
  });
});

describe("Gemma's vocabulary", () => {
  const spelled = async (spell: (token: string) => string) => {
    const tokens = (await metadataOf("gemma2")).get("tokenizer.ggml.tokens") as string[];
    return { "tokenizer.ggml.tokens": tokens.map(spell) };
  };
  const TEXT = "two  and   three spaces of the fee";

  test("may spell its runs of spaces with real ones", async () => {
    const changed = await spelled((token) => (/^\u2581{2,}$/.test(token) ? " ".repeat(token.length) : token));
    expect(changed["tokenizer.ggml.tokens"]).toContain("  ");
    expect(await idsWith("gemma2", changed, TEXT)).toEqual(await idsWith("gemma2", {}, TEXT));
  });

  test("merges in the order of its tokens, whatever their scores; others by their scores", async () => {
    const scores = { "tokenizer.ggml.scores": Float32Array.from({ length: 340 }, (_, id) => id) };
    expect(await idsWith("gemma2", scores, TEXT)).toEqual(await idsWith("gemma2", {}, TEXT));
    expect(await idsWith("phi3", scores, TEXT)).not.toEqual(await idsWith("phi3", {}, TEXT));
  });
});

test("merges that a file lists are taken", async () => {
  const tokens = (await metadataOf("phi3")).get("tokenizer.ggml.tokens") as string[];
  const pair = tokens.find((token) => /^[a-z]{2}$/.test(token)) ?? "";
  const ids = await idsWith("phi3", { "tokenizer.ggml.merges": [[...pair].join(" ")] }, `${pair} the`);
  expect(ids.map((id) => tokens[id])).toEqual(["<s>", "\u2581", pair, "\u2581", "t", "h", "e"]);
});

test.each<[string, boolean]>([
  ["llama", true],
  ["qwen2", false],
])("%s passes over merges: %s", async (name, ignores) => {
  expect((await filesOf(name)).definition.model).toMatchObject({ ignore_merges: ignores, byte_fallback: false });
});

test("the end token is put behind texts, and no space before them, when the file says so", async () => {
  const plain = await idsWith("phi3", {}, "the");
  expect(await idsWith("phi3", { "tokenizer.ggml.add_eos_token": true }, "the")).toEqual([...plain, 2]);
  const bare = await idsWith("phi3", { "tokenizer.ggml.add_space_prefix": false }, " the");
  expect(bare).toEqual(plain);
});

describe("a tokenizer is refused", () => {
  const key = (name: string, value: unknown) => ({ [`tokenizer.ggml.${name}`]: value });
  test.each<[string, string, Record<string, unknown>, RegExp]>([
    [
      "no tokenizer",
      "gpt2",
      key("model", undefined),
      /the file contains no tokenizer\n {2}at: gpt2.gguf\n {2}expected: tokenizer.ggml.model/,
    ],
    [
      "another kind",
      "gpt2",
      key("model", "bert"),
      /a tokenizer of kind "bert" is not supported[\s\S]*expected: gpt2, llama/,
    ],
    [
      "a kind that is no string",
      "gpt2",
      key("model", 1),
      /tokenizer.ggml.model is of another type[\s\S]*expected: a string/,
    ],
    [
      "an unknown cut",
      "gpt2",
      key("pre", "viking"),
      /the pre-tokenizer "viking" is not known[\s\S]*expected: gpt-2, olmo, .*smollm.*llama-bpe.*qwen2/,
    ],
    ["an inherited name", "gpt2", key("pre", "toString"), /the pre-tokenizer "toString" is not known/],
    [
      "no cut, and an architecture of many",
      "llama",
      key("pre", undefined),
      /the pre-tokenizer "default" is not known[\s\S]*hint: convert the model again/,
    ],
    ["no vocabulary", "gpt2", key("tokens", undefined), /the file contains no vocabulary/],
    ["an empty vocabulary", "gpt2", key("tokens", []), /the file contains no vocabulary/],
    [
      "numbers for tokens",
      "gpt2",
      key("tokens", Int32Array.of(1)),
      /tokenizer.ggml.tokens is of another type[\s\S]*an array of strings/,
    ],
    [
      "a token twice",
      "gpt2",
      { ...key("tokens", ["a", "b", "a"]), ...key("merges", []) },
      /the tokens 0 and 2 are both "a"/,
    ],
    [
      "a merge of no tokens",
      "gpt2",
      key("merges", ["h e", "nope nope"]),
      /merge \d, .* does not join two tokens into a third[\s\S]*expected: two tokens whose concatenation is a token/,
    ],
    ["a merge of one part", "gpt2", key("merges", ["he"]), /merge 0, .* does not join two tokens into a third/],
    [
      "kinds of another number",
      "gpt2",
      key("token_type", Int32Array.of(1)),
      /tokenizer.ggml.token_type has 1 entries[\s\S]*one for each of the 301 tokens/,
    ],
    ["no scores", "phi3", key("scores", undefined), /tokenizer.ggml.scores is missing/],
    ["scores of another number", "phi3", key("scores", Float32Array.of(1)), /tokenizer.ggml.scores has 1 entries/],
    [
      "an id of no token",
      "gpt2",
      key("bos_token_id", 301),
      /tokenizer.ggml.bos_token_id is 301[\s\S]*the id of one of the 301 tokens/,
    ],
    ["an id that is no number", "gpt2", key("eos_token_id", "x"), /tokenizer.ggml.eos_token_id is x/],
    [
      "a flag that is a number",
      "gpt2",
      key("add_bos_token", 1),
      /tokenizer.ggml.add_bos_token is of another type[\s\S]*a boolean/,
    ],
    [
      "a template that is no text",
      "gpt2",
      { "tokenizer.chat_template": 1 },
      /tokenizer.chat_template is of another type/,
    ],
  ])("%s", async (_, name, changed, message) => {
    const refused = idsWith(name, changed, "");
    await expect(refused).rejects.toThrow(TokenizerError);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow(`at: ${name}.gguf`);
  });
});
