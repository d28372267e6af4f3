import { mkdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { ArchitectureError, CheckpointError, FileError } from "../../../src/errors.ts";
import { shortFloat } from "../../../src/formats/gguf/keys.ts";
import { isGguf, readGguf } from "../../../src/formats/gguf/model/read-gguf.ts";
import { temporaryFolder } from "../files.ts";
import { array, type Described, f32, ggufOf, string, u32, type Value } from "./gguf-bytes.ts";

const folder = temporaryFolder();

/** A llama whose only layer has nothing but a norm: two heads of 4, rows of 8. */
const KEYS: Readonly<Record<string, Value>> = {
  "general.architecture": string("llama"),
  "llama.block_count": u32(1),
  "llama.context_length": u32(64),
  "llama.embedding_length": u32(8),
  "llama.feed_forward_length": u32(16),
  "llama.attention.head_count": u32(2),
  "llama.attention.layer_norm_rms_epsilon": f32(1e-5),
};
const EMBEDDINGS: Described = { name: "token_embd.weight", dims: [8, 5] };
const NORM: Described = { name: "blk.0.attn_norm.weight", dims: [8] };
const named = (name: string, ...dims: number[]): Described => ({ name, dims });

/** The path of that llama with other keys; a key that is `undefined` is left out. */
async function llama(changed: Record<string, Value | undefined> = {}, tensors: Described[] = []): Promise<string> {
  const keys = Object.entries({ ...KEYS, ...changed });
  const metadata = keys.flatMap(([key, value]) => (value ? [[key, value] as const] : []));
  return folder.put("model.gguf", ggufOf({ metadata, tensors: [EMBEDDINGS, NORM, ...tensors] }));
}

test("a llama: config, and what a file that says little means", async () => {
  const path = await llama({ "tokenizer.ggml.bos_token_id": u32(1) });
  const { config, folder: from, tensors, metadata } = await readGguf(path);
  expect(from).toBe(path);
  expect(metadata.get("llama.block_count")).toBe(1);
  expect([...tensors.keys()]).toEqual(["model.embed_tokens.weight", "model.layers.0.input_layernorm.weight"]);
  expect(config).toEqual({
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: 5,
    hidden_size: 8,
    intermediate_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 2,
    head_dim: 4,
    max_position_embeddings: 64,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    rope_scaling: null,
    tie_word_embeddings: true,
    hidden_act: "silu",
    attention_bias: false,
    mlp_bias: false,
    bos_token_id: 1,
    torch_dtype: "float32",
  });
});

test("linear scaling of positions, and none of factor 1", async () => {
  const scaled = (factor: number) => ({
    "llama.rope.scaling.type": string("linear"),
    "llama.rope.scaling.factor": f32(factor),
  });
  const scalingOf = async (factor: number) => (await readGguf(await llama(scaled(factor)))).config.rope_scaling;
  expect(await scalingOf(2.5)).toEqual({ rope_type: "linear", factor: 2.5 });
  expect(await scalingOf(1)).toBeNull();
});

describe("a file is refused that holds", () => {
  const block = (name: string, ...dims: number[]) => [named(`blk.0.${name}`, ...dims)];
  test.each<[string, Record<string, Value | undefined>, Described[], RegExp]>([
    [
      "an adapter",
      { "general.type": string("adapter") },
      [],
      /model.gguf is not a model: its general.type is "adapter"/,
    ],
    [
      "a part of a model",
      { "split.count": { type: 2, bytes: Uint8Array.of(3, 0) } },
      [],
      /is one of the 3 parts of a model[\s\S]*hint: join them with llama-gguf-split --merge/,
    ],
    [
      "no architecture",
      { "general.architecture": undefined },
      [],
      /the metadata lacks general.architecture\n {2}expected: a string/,
    ],
    ["an architecture that is no string", { "general.architecture": u32(1) }, [], /lacks general.architecture/],
    [
      "too little metadata",
      { "llama.block_count": undefined },
      [],
      /the metadata lacks llama.block_count\n {2}expected: a whole number/,
    ],
    [
      "no epsilon",
      { "llama.attention.layer_norm_rms_epsilon": undefined },
      [],
      /lacks llama.attention.layer_norm_rms_epsilon\n {2}expected: a number/,
    ],
    [
      "a count that is a text",
      { "llama.block_count": string("x") },
      [],
      /llama.block_count is "x"\n {2}expected: a whole number/,
    ],
    [
      "a count for each layer",
      { "llama.attention.head_count": array(4, [u32(2)]) },
      [],
      /llama.attention.head_count is an array of 1\n {2}expected: a whole number/,
    ],
    [
      "a count past 2^53",
      { "llama.block_count": { type: 10, bytes: new Uint8Array(8).fill(255) } },
      [],
      /llama.block_count is 18446744073709551615\n/,
    ],
    [
      "an epsilon that is not finite",
      { "llama.attention.layer_norm_rms_epsilon": f32(Number.NaN) },
      [],
      /epsilon is NaN\n {2}expected: a finite number/,
    ],
    [
      "an unknown scaling",
      { "llama.rope.scaling.type": string("spiral"), "llama.rope.scaling.factor": f32(2) },
      [],
      /rope scaling of type "spiral" is not supported\n {2}expected: none, linear, yarn/,
    ],
    [
      "other factors than Llama 3's",
      {},
      [named("rope_freqs.weight", 2)],
      /does not contain the factors of Llama 3's rope scaling\n {2}expected: 2 factors, which fall from/,
    ],
    [
      "experts",
      {},
      block("ffn_gate_exps.weight", 8, 16, 2),
      /tensor "blk.0.ffn_gate_exps.weight" does not belong to a llama\n {2}hint: mixture-of-experts/,
    ],
    ["an unknown module", {}, [named("toString.weight", 8)], /tensor "toString.weight" does not belong to a llama/],
    [
      "a layer with leading zeros",
      {},
      [named("blk.00.attn_norm.weight", 8)],
      /tensor "blk.00.attn_norm.weight" does not belong/,
    ],
    [
      "rows that are no heads",
      { "llama.block_count": u32(2) },
      [named("blk.1.attn_q.weight", 8, 6)],
      /tensor "blk.1.attn_q.weight" has 6 rows, which do not divide into 2 heads\n {2}expected: a multiple of 4\n {2}hint/,
    ],
    [
      "four billion layers",
      { "llama.block_count": u32(2 ** 32 - 1) },
      [],
      /llama.block_count is 4294967295\n {2}expected: 1, the number of layers that have tensors\n {2}hint: the file's metadata/,
    ],
    ["no context", { "llama.context_length": u32(0) }, [], /context_length is 0\n {2}expected: 1 to 134217728/],
    ["no heads", { "llama.attention.head_count": u32(0) }, [], /attention.head_count is 0\n {2}expected: 1 or more/],
    [
      "heads that do not share keys evenly",
      { "llama.attention.head_count_kv": u32(3) },
      [],
      /attention.head_count_kv is 3\n {2}expected: a divisor of 2/,
    ],
    [
      "longer heads than its weights",
      { "llama.attention.key_length": u32(100) },
      block("attn_q.weight", 8, 8),
      /key_length is 100, but blk.0.attn_q.weight has 8 rows\n {2}expected: 200 rows/,
    ],
    [
      "heads of four billion columns",
      { "llama.attention.key_length": u32(2 ** 32 - 1) },
      [],
      /key_length is 4294967295\n {2}expected: 1 to 65536/,
    ],
    [
      "an odd number of columns that turn",
      { "llama.rope.dimension_count": u32(3) },
      [],
      /rope.dimension_count is 3\n {2}expected: an even number from 2 to 4/,
    ],
    [
      "wider rows than its embeddings",
      { "llama.embedding_length": u32(16) },
      [],
      /embedding_length is 16, but token_embd.weight has 8 columns\n {2}expected: 16 columns/,
    ],
    [
      "a base frequency of 0",
      { "llama.rope.freq_base": f32(0) },
      [],
      /rope.freq_base is 0\n {2}expected: a number above 0/,
    ],
    [
      "factors of another number of columns",
      {},
      [named("rope_freqs.weight", 3)],
      /tensor "rope_freqs.weight" is \[3\]\n {2}expected: \[2\]: one factor for each pair/,
    ],
    [
      "10,001 keys",
      Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`k${i}`, u32(1)])),
      [],
      /lists \d+ metadata keys\n {2}expected: at most 10000/,
    ],
  ])("%s", async (_, keys, tensors, message) => {
    const refused = readGguf(await llama(keys, tensors));
    await expect(refused).rejects.toThrow(CheckpointError);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow("model.gguf");
  });

  test("a vocabulary alone", async () => {
    const path = await folder.put("vocab.gguf", ggufOf({ metadata: Object.entries(KEYS) }));
    await expect(readGguf(path)).rejects.toThrow("vocab.gguf contains no weights: token_embd.weight is missing");
  });

  test.each(["bert", "constructor"])("an architecture that is not supported: %s", async (name) => {
    const refused = readGguf(await llama({ "general.architecture": string(name) }));
    await expect(refused).rejects.toThrow(ArchitectureError);
    await expect(refused).rejects.toThrow(
      new RegExp(
        `architecture "${name}" are not supported.\\n {2}at: .*model.gguf\\n {2}expected: llama, smollm3, qwen2`,
      ),
    );
  });
});

test("an unknown name is answered with the nearest", async () => {
  const { readFloat32 } = await readGguf(await llama());
  await expect(readFloat32("model.embed_token.weight")).rejects.toThrow(/nearest name is "model.embed_tokens.weight"/);
});

test("a GGUF file is known by its ending or by its beginning", async () => {
  await mkdir(`${folder.path}/model-folder.gguf`);
  await folder.put("blob", ggufOf({}));
  await folder.put("empty", "");
  const answers = ["missing.gguf", "blob", "model-folder.gguf", "empty", "missing", "."].map((name) =>
    isGguf(`${folder.path}/${name}`),
  );
  expect(await Promise.all(answers)).toEqual([true, true, false, false, false, false]);
  await expect(readGguf(`${folder.path}/missing.gguf`)).rejects.toThrow(FileError);
});

test.each([1e-5, 1e-6, 0.1, 500_000, 1, 0, 1.1, 1e-12, 2 ** -24, 123_456_789])(
  "%d is found again from its float32",
  (x) => {
    expect(Math.fround(shortFloat(Math.fround(x)))).toBe(Math.fround(x));
    expect(String(shortFloat(Math.fround(x))).length).toBeLessThanOrEqual(String(x).length);
  },
);

test("a number that is no float32 stays as it is", () => expect(shortFloat(0.1 + 0.2)).toBe(0.1 + 0.2));
