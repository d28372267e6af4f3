import { cp, mkdir, writeFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { openGguf } from "../../../src/formats/gguf/file.ts";
import { readGguf } from "../../../src/formats/gguf/model/read-gguf.ts";
import { type ExportGgufOptions, exportGguf } from "../../../src/formats/gguf/model/write-gguf.ts";
import { ggufPretokenizer } from "../../../src/formats/gguf/tokenizer/pretokenizer.ts";
import { ggufTokenizer } from "../../../src/formats/gguf/tokenizer/read-tokenizer.ts";
import { BYTE_LEVEL_SPLITS } from "../../../src/formats/gguf/tokenizer/splits.ts";
import type { JsonObject } from "../../../src/formats/json/json.ts";
import { type Checkpoint, readCheckpoint } from "../../../src/formats/transformers/checkpoint.ts";
import { mergeAdapter } from "../../../src/merging/merge-adapter.ts";
import { fixture, temporaryFolder } from "../temporary.ts";

const folder = await temporaryFolder();

let runs = 0;
/** Exports a fixture with settings changed. */
async function write(
  name: string,
  change: JsonObject = {},
  options: Partial<ExportGgufOptions> = {},
): Promise<{ readonly out: string; readonly base: Checkpoint }> {
  const checkpoint = await readCheckpoint(fixture(`causal/${name}`));
  const base = { ...checkpoint, config: { ...checkpoint.config, ...change } };
  const out = `${folder}/${runs++}.gguf`;
  await exportGguf({ base, out, type: "F32", ...options });
  return { out, base };
}

/** What the settings of a fixture must be for llama.cpp to know them. */
const KNOWN: Readonly<Record<string, JsonObject>> = {
  llama: {},
  mistral: { hidden_act: "silu" },
  qwen2: { use_sliding_window: false },
  gpt2: {},
  gpt_neox: {},
  phi3: {},
  gemma2: { query_pre_attn_scalar: 12 },
};

describe("exportGguf", () => {
  test.each(Object.entries(KNOWN))("%s is read back as it was", async (name, change) => {
    const { out, base } = await write(name, change);
    const back = await readGguf(out);
    expect([...back.tensors.keys()].sort()).toEqual([...base.tensors.keys()].sort());
    for (const [param, { shape }] of base.tensors) {
      expect(back.tensors.get(param)?.shape, param).toEqual(shape);
      const [ours, theirs] = [await back.readFloat32(param), await base.readFloat32(param)];
      ours.forEach(
        (x, i) => void (Math.abs(x - theirs[i]!) > 1e-7 && expect.fail(`${param}[${i}]: ${x}, ${theirs[i]}`)),
      );
    }
    const keys = [
      "vocab_size",
      "hidden_size",
      "num_key_value_heads",
      "head_dim",
      "n_embd",
      "n_head",
      "intermediate_size",
    ];
    for (const key of keys) if (base.config[key] != null) expect(back.config[key], key).toBe(base.config[key]);
  });

  test("matrices in the type asked for, vectors and positions in float32, odd rows in F16", async () => {
    const typesOf = async (type: "F16" | "Q8_0", name: string) => {
      const { tensors } = await openGguf((await write(name, {}, { type })).out);
      return Object.fromEntries([...tensors].map(([tensor, info]) => [tensor, info.type]));
    };
    const gpt2 = await typesOf("Q8_0", "gpt2");
    expect(gpt2).toMatchObject({
      ...{ "token_embd.weight": "Q8_0", "position_embd.weight": "F32", "blk.0.attn_qkv.weight": "Q8_0" },
      ...{ "blk.0.attn_qkv.bias": "F32", "blk.0.attn_norm.weight": "F32", "blk.0.ffn_down.weight": "F16" },
    });
    expect(await typesOf("F16", "llama")).toMatchObject({ "blk.0.attn_q.weight": "F16", "output_norm.weight": "F32" });
    const { metadata } = await openGguf((await write("llama", {}, { type: "Q8_0", name: "Tiny" })).out);
    expect(metadata.get("general.file_type")).toBe(7);
    expect(metadata.get("general.name")).toBe("Tiny");
  });

  test("Llama 3's factors are those that the reader derives from its constants", async () => {
    const scaling = { rope_type: "llama3", factor: 32, low_freq_factor: 1, high_freq_factor: 4 };
    const rope = { rope_parameters: { ...scaling, rope_theta: 500000, original_max_position_embeddings: 8192 } };
    const { config } = await readGguf((await write("llama", rope)).out);
    expect(config.rope_scaling).toMatchObject({ rope_type: "llama3", factor: 32 });
    const yarn = { ...scaling, rope_type: "yarn", factor: 4, original_max_position_embeddings: 20 };
    const wrong = write("llama", { rope_parameters: { ...yarn, rope_theta: 50, mscale: 0.7 } });
    await expect(wrong).rejects.toThrow(/rope_scaling\.mscale: 0\.7 would become null/);
  });

  test("longrope's lists, and what they scale attention by", async () => {
    const lists = { short_factor: [1, 1.5, 2], long_factor: [1, 3, 9] };
    const rope = { rope_type: "longrope", rope_theta: 50, partial_rotary_factor: 0.75, ...lists };
    const change = { rope_parameters: rope, original_max_position_embeddings: 20, sliding_window: null };
    const { out } = await write("phi3", change);
    const { metadata, tensors, read } = await openGguf(out);
    expect([...(await read(tensors.get("rope_factors_long.weight")!))]).toEqual([1, 3, 9]);
    expect(metadata.get("phi3.rope.scaling.original_context_length")).toBe(20);
    expect(metadata.get("phi3.rope.scaling.attn_factor")).toBe(Math.fround(Math.sqrt(1 + Math.log(4) / Math.log(20))));
  });

  test("a context ends where llama.cpp would need a window", async () => {
    const contextOf = async (name: string, change: JsonObject) =>
      (await readGguf((await write(name, change)).out)).config.max_position_embeddings;
    expect(await contextOf("mistral", { hidden_act: "silu" })).toBe(5);
    expect(await contextOf("mistral", { hidden_act: "silu", sliding_window: null })).toBe(80);
    expect(await contextOf("phi3", {})).toBe(7);
  });

  test("GPT-NeoX gets an output layer of its own where the embedding is it", async () => {
    const base = await readCheckpoint(fixture("causal/gpt_neox"));
    const tensors = new Map([...base.tensors].filter(([name]) => name !== "embed_out.weight"));
    const tied = { ...base, tensors, config: { ...base.config, tie_word_embeddings: true } };
    const back = await readGguf((await write("gpt_neox", {}, { base: tied })).out);
    expect(await back.readFloat32("embed_out.weight")).toEqual(await base.readFloat32("gpt_neox.embed_in.weight"));
  });
});

test("an adapter merges into a base read from GGUF as into the original", async () => {
  const { out, base } = await write("gpt2");
  const adapterFolder = fixture("causal/gpt2/adapters/lora");
  const ours = await mergeAdapter({ base: await readGguf(out), adapterFolder, out: `${folder}/from-gguf` });
  const theirs = await mergeAdapter({ base, adapterFolder, out: `${folder}/from-folder` });
  expect([...ours.merged].sort()).toEqual([...theirs.merged].sort());
  const [a, b] = [await readCheckpoint(ours.folder), await readCheckpoint(theirs.folder)];
  for (const name of b.tensors.keys()) expect(await a.readFloat32(name), name).toEqual(await b.readFloat32(name));
});

describe("exportGguf refuses", () => {
  test("settings that llama.cpp has no words for", async () => {
    await expect(write("mistral")).rejects.toThrow(
      'a GGUF file of the architecture llama cannot express this config.json:\n  hidden_act: "gelu" would become "silu"\n  hint: llama.cpp does not have this variant',
    );
    await expect(write("gemma3_text")).rejects.toThrow(
      /query_pre_attn_scalar: 20 would become 12\n {2}sliding_window_pattern: 3 would become 6/,
    );
    await expect(write("gpt2", { scale_attn_weights: false })).rejects.toThrow(
      /scale_attn_weights: false would become true/,
    );
    await expect(
      write("llama", { rope_parameters: null, rope_scaling: { type: "dynamic", factor: 2 } }),
    ).rejects.toThrow(/rope scaling of type "dynamic" is not supported/);
  });

  test("biases and heads that it does not look for, and other architectures", async () => {
    await expect(write("olmo2")).rejects.toThrow(
      /llama\.cpp's olmo2 has no names for 8 of the tensors: \S+bias, .*, …\n {2}at: /,
    );
    const base = await readCheckpoint(fixture("causal/llama"));
    const [entry] = base.tensors.values();
    const scored = {
      ...base,
      tensors: new Map([...base.tensors, ["score.weight", { ...entry!, name: "score.weight" }]]),
    };
    await expect(write("llama", {}, { base: scored })).rejects.toThrow(/no names for 1 of the tensors: score\.weight/);
    await expect(write("llama", { model_type: "bert" })).rejects.toThrow(
      /models of type bert cannot be written as GGUF/,
    );
  });

  test("a tokenizer of another kind, or with more tokens than the model has", async () => {
    await expect(write("llama", { vocab_size: 7 })).rejects.toThrow(
      /the tokenizer has a token with id \d+, but the model has 7 embeddings/,
    );
    await cp(fixture("causal/llama"), `${folder}/wordpiece`, { recursive: true });
    await cp(fixture("bert/tokenizer.json"), `${folder}/wordpiece/tokenizer.json`);
    const base = await readCheckpoint(`${folder}/wordpiece`);
    await expect(write("llama", {}, { base })).rejects.toThrow(
      /the tokenizer cannot be written as GGUF\n {2}at: .*tokenizer\.json: model\.type: .*\n {2}expected: byte-pair encoding/,
    );
  });
});

describe("the tokenizer", () => {
  test("of bytes: tokens, merges, kinds, what is added, the chat template", async () => {
    const { metadata } = await openGguf((await write("llama")).out);
    const value = (key: string) => metadata.get(`tokenizer.ggml.${key}`);
    expect({ model: value("model"), pre: value("pre") }).toEqual({ model: "gpt2", pre: "gpt-2" });
    const kinds = value("token_type") as Int32Array;
    const tokens = value("tokens") as readonly string[];
    expect(tokens).toHaveLength(kinds.length);
    expect(kinds[tokens.indexOf("<s>")]).toBe(3);
    expect(value("bos_token_id")).toBe(tokens.indexOf("<s>"));
    expect({ bos: value("add_bos_token"), eos: value("add_eos_token") }).toEqual({ bos: true, eos: false });
    expect((value("merges") as readonly string[]).every((merge) => merge.split(" ").length === 2)).toBe(true);
  });

  /** SentencePiece's, as converters to `tokenizer.json` write them. */
  const PIECES = {
    normalizer: { type: "Sequence", normalizers: [{ type: "Prepend", prepend: "▁" }, { type: "Replace" }] },
    model: {
      ...{ type: "BPE", byte_fallback: true, unk_token: "<unk>" },
      vocab: { "<unk>": 0, "<s>": 1, "<0x0A>": 2, "▁a": 3, ab: 4, "▁ab": 5, "▁": 6, a: 7, b: 8, c: 9 },
      merges: [
        ["▁", "a"],
        ["a", "b"],
        ["▁a", "b"],
        ["▁", "ab"],
      ],
    },
    added_tokens: [
      { id: 0, content: "<unk>", special: true },
      { id: 1, content: "<s>", special: true },
      { id: 10, content: "▁▁tool", special: false },
      { id: 11, content: "<|end|>", special: false },
    ],
  };

  test("of pieces: scores in the order of the merges, kinds, ids that have no token", async () => {
    await mkdir(`${folder}/pieces`);
    await cp(fixture("causal/llama"), `${folder}/pieces`, { recursive: true });
    await writeFile(`${folder}/pieces/tokenizer.json`, JSON.stringify(PIECES));
    const settings = {
      bos_token: { content: "<s>" },
      unk_token: "<unk>",
      chat_template: [{ name: "default", template: "hi" }],
    };
    await writeFile(`${folder}/pieces/tokenizer_config.json`, JSON.stringify(settings));
    const base = await readCheckpoint(`${folder}/pieces`);
    const count = base.config.vocab_size as number;
    const { metadata } = await openGguf((await write("llama", {}, { base })).out);
    const value = (key: string) => metadata.get(`tokenizer.ggml.${key}`);
    expect([...(value("scores") as Float32Array)].slice(0, 13)).toEqual([
      -1000, -1000, 0, -0, -1, -2, 0, 0, 0, 0, -1000, -1000, 0,
    ]);
    expect([...(value("token_type") as Int32Array)].slice(0, 13)).toEqual([2, 3, 6, 1, 1, 1, 1, 1, 1, 1, 4, 3, 5]);
    expect((value("tokens") as readonly string[]).slice(10, 13)).toEqual(["  tool", "<|end|>", "[PAD12]"]);
    expect((value("tokens") as readonly string[]).length).toBe(count);
    expect({ model: value("model"), bos: value("bos_token_id"), unk: value("unknown_token_id") }).toEqual({
      model: "llama",
      bos: 1,
      unk: 0,
    });
    expect({ bos: value("add_bos_token"), space: value("add_space_prefix") }).toEqual({ bos: false, space: true });
    expect(metadata.get("tokenizer.chat_template")).toBe("hi");
  });

  test("pre-tokenizers by what they cut at, and none by guess", () => {
    const split = (Regex: string, model = {}, normalizer: object | null = null) =>
      ggufPretokenizer(
        {
          ...{ model, normalizer },
          pre_tokenizer: {
            type: "Sequence",
            pretokenizers: [
              { type: "Split", pattern: { Regex } },
              { type: "ByteLevel", use_regex: false },
            ],
          },
        },
        "t.json",
      );
    const words = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
    const rest = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    expect(split(`${words}\\p{N}{1,3}${rest}`, { ignore_merges: true })).toBe("llama-bpe");
    expect(split(`${words}\\p{N}{1,3}${rest}`)).toBe("dbrx");
    const composed = { type: "Sequence", normalizers: [{ type: "NFC" }] };
    expect(split(`${words}\\p{N}${rest}`, {}, composed)).toBe("qwen2");
    expect(split(`${words}\\p{N}${rest}`)).toBe("deepseek-r1-qwen");
    expect(() => split(`${words}\\p{N}${rest}`, { ignore_merges: true })).toThrow("ignore_merges true");
    const digits = [
      { type: "Digits", individual_digits: true },
      { type: "ByteLevel", use_regex: true },
    ];
    expect(ggufPretokenizer({ pre_tokenizer: { type: "Sequence", pretokenizers: digits } }, "t.json")).toBe("smollm");
    expect(() => split("\\w+")).toThrow(
      /pre-tokenizer of this tokenizer is unknown\n {2}at: t\.json: pre_tokenizer \{.*\n {2}expected: gpt-2, olmo, mpt, smollm, .*, tekken, gpt-4o$/,
    );
  });

  test.each(Object.entries(BYTE_LEVEL_SPLITS))(
    "%s is written again for the tokenizer.json made from it",
    async (pre, split) => {
      const { metadata } = await openGguf(fixture("gguf/llama.gguf"));
      const { definition } = ggufTokenizer(new Map(metadata).set("tokenizer.ggml.pre", pre), pre);
      const again = ggufPretokenizer(JSON.parse(JSON.stringify(definition)), pre);
      expect(BYTE_LEVEL_SPLITS[again]).toEqual(split);
      const first = Object.entries(BYTE_LEVEL_SPLITS).find(([, other]) => isDeepStrictEqual(other, split))?.[0];
      expect(again).toBe(first);
    },
  );
});
