import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openGguf } from "../../../src/formats/gguf/file.ts";
import { readGgufLora } from "../../../src/formats/gguf/lora/read.ts";
import { saveGgufLora } from "../../../src/formats/gguf/lora/save.ts";
import { writeGguf } from "../../../src/formats/gguf/writer.ts";
import type { JsonObject } from "../../../src/formats/json/json.ts";
import { type LoraAdapter, readLora } from "../../../src/formats/peft/read-lora.ts";
import { readCheckpoint } from "../../../src/formats/transformers/checkpoint.ts";
import { ggufToPeft, peftToGguf } from "../../../src/verbs/export/convert-adapter.ts";
import { fixture, temporaryFolder } from "../temporary.ts";

const folder = await temporaryFolder();

const configOf = async (base: string): Promise<JsonObject> => (await readCheckpoint(fixture(base))).config;

let runs = 0;
async function convert(base: string, method: string, change: JsonObject = {}): Promise<string> {
  const out = `${folder}/${runs++}.gguf`;
  const baseConfig = { ...(await configOf(base)), ...change };
  await peftToGguf({ adapter: fixture(`${base}/adapters/${method}`), baseConfig, out });
  return out;
}

describe("peftToGguf", () => {
  test("writes the tensors and keys that llama.cpp's converter writes", async () => {
    const [ours, theirs] = [
      await openGguf(await convert("merge/llama-bf16", "all")),
      await openGguf(fixture("merge/llama-bf16/adapters/all.gguf")),
    ];
    expect([...ours.tensors.keys()].sort()).toEqual([...theirs.tensors.keys()].sort());
    for (const [name, info] of theirs.tensors) {
      const own = ours.tensors.get(name)!;
      expect({ type: own.type, shape: own.shape }, name).toEqual({ type: info.type, shape: info.shape });
      expect(await ours.read(own), name).toEqual(await theirs.read(info));
    }
    expect(Object.fromEntries(ours.metadata)).toEqual({
      "general.architecture": "llama",
      "general.type": "adapter",
      "adapter.type": "lora",
      "adapter.lora.alpha": 7,
    });
    for (const [key, value] of ours.metadata) expect(theirs.metadata.get(key), key).toEqual(value);
  });

  test("one alpha stands for rank-stabilised scaling; B makes up for alphas of single modules", async () => {
    const stabilised = await openGguf(await convert("merge/llama", "all"));
    expect(stabilised.metadata.get("adapter.lora.alpha")).toBe(Math.fround(7 * Math.sqrt(3)));

    const patterns = await openGguf(await convert("merge/llama", "patterns"));
    expect(patterns.metadata.get("adapter.lora.alpha")).toBe(5);
    const { tensors } = await readLora(fixture("merge/llama/adapters/patterns"));
    for (const [layer, factor] of [
      [0, 1],
      [1, 2 / 5],
    ] as const) {
      const b = await patterns.read(patterns.tensors.get(`blk.${layer}.ffn_down.weight.lora_b`)!);
      const given = tensors.get(`model.layers.${layer}.mlp.down_proj.lora_B.weight`)!.data;
      expect(b).toEqual(given.map((x) => x * factor));
    }
  });

  test("leaves GPT-2's updates as they are, though its weights are turned over", async () => {
    const file = await openGguf(await convert("merge/gpt2", "lora"));
    const { tensors } = await readLora(fixture("merge/gpt2/adapters/lora"));
    for (const [part, name] of [
      ["lora_a", "lora_A"],
      ["lora_b", "lora_B"],
    ] as const) {
      const info = file.tensors.get(`blk.0.attn_qkv.weight.${part}`)!;
      const given = tensors.get(`transformer.h.0.attn.c_attn.${name}.weight`)!;
      expect(info.shape).toEqual(given.shape);
      expect(await file.read(info)).toEqual(given.data);
    }
  });
});

describe("ggufToPeft", () => {
  test.each([
    ["merge/llama-bf16", "all"],
    ["merge/gpt2", "lora"],
    ["causal/gpt_neox", "lora"],
    ["causal/smollm3", "lora"],
  ])("%s/%s comes back bit for bit", async (base, method) => {
    const before = await readLora(fixture(`${base}/adapters/${method}`));
    const out = `${folder}/peft-${runs++}`;
    const file = await convert(base, method);
    await ggufToPeft({ adapter: file, baseConfig: await configOf(base), out, baseModel: "org/base" });
    const after = await readLora(out);
    expect([...after.tensors.keys()].sort()).toEqual([...before.tensors.keys()].sort());
    for (const [name, tensor] of before.tensors) expect(after.tensors.get(name), name).toEqual(tensor);
    expect(after).toMatchObject({ taskType: "CAUSAL_LM", baseModel: "org/base" });
    expect(after.config).toMatchObject({ r: before.config.r, loraAlpha: before.config.loraAlpha });
    const { fan_in_fan_out } = JSON.parse(readFileSync(`${out}/adapter_config.json`, "utf8"));
    expect(fan_in_fan_out).toBe(base.endsWith("gpt2"));
  });

  test("ranks of single modules become a pattern", async () => {
    const { config } = await readGgufLora(await convert("merge/llama", "patterns"), await configOf("merge/llama"));
    expect(config).toMatchObject({
      ...{ r: 2, loraAlpha: 5, targetModules: ["mlp.down_proj", "self_attn.q_proj"] },
      rankPattern: { "model\\.layers\\.0\\.self_attn\\.q_proj": 3, "model\\.layers\\.1\\.self_attn\\.q_proj": 3 },
    });
  });

  test("an alpha of 0 is a scaling of 1", async () => {
    const file = await openGguf(await convert("merge/llama", "patterns"));
    const tensors = [...file.tensors].map(([name, info]) => ({
      ...{ name, type: "F32" as const, shape: info.shape },
      read: async () => new Uint8Array((await file.read(info)).buffer),
    }));
    const keys = [
      ["general.architecture", "llama"],
      ["general.type", "adapter"],
      ["adapter.type", "lora"],
    ] as const;
    await writeGguf(`${folder}/zero.gguf`, [...keys, ["adapter.lora.alpha", { float32: 0 }]], tensors);
    const { config } = await readGgufLora(`${folder}/zero.gguf`, await configOf("merge/llama"));
    const threes = { "model\\.layers\\.0\\.self_attn\\.q_proj": 3, "model\\.layers\\.1\\.self_attn\\.q_proj": 3 };
    expect(config).toMatchObject({ r: 2, loraAlpha: 2, rankPattern: threes, alphaPattern: threes });
  });
});

describe("conversion to GGUF refuses", () => {
  test("what it cannot hold, by name", async () => {
    await expect(convert("merge/llama", "heads")).rejects.toThrow(
      /contains 2 tensors that GGUF does not support: lm_head\.weight, model\.embed_tokens\.weight\n.*\n {2}expected: updates of linear layers without DoRA magnitudes, with no biases or whole modules/,
    );
    await expect(convert("merge/llama", "dora")).rejects.toThrow(
      /contains 4 tensors that GGUF does not support: model\.layers\.0\.mlp\.up_proj\.lora_magnitude_vector, /,
    );
  });

  test("an output layer that shares the embedding's weight", async () => {
    await expect(convert("merge/llama-tied", "output")).rejects.toThrow(
      /architecture llama cannot contain lm_head\.weight\n {2}at: .*\n {2}expected: .*; the output layer shares the embedding's weight\n {2}hint: merge/,
    );
  });

  test("other architectures", async () => {
    await expect(convert("merge/llama", "all", { model_type: "mamba" })).rejects.toThrow(
      /models of type mamba cannot be written as GGUF\.\n {2}at: config\.json: model_type\n {2}expected: gemma2, .*llama, mistral, /,
    );
    const adapter = (await readLora(fixture("bert/adapters/lora"))) as LoraAdapter;
    const plain = { ...adapter, tensors: new Map([...adapter.tensors].filter(([name]) => /lora_/.test(name))) };
    await expect(saveGgufLora(`${folder}/bert.gguf`, plain, await configOf("merge/llama"))).rejects.toThrow(
      /architecture llama cannot contain bert\.encoder/,
    );
  });
});

describe("readGgufLora refuses", () => {
  const write = async (keys: Record<string, string>, names: readonly string[]): Promise<string> => {
    const path = `${folder}/odd-${runs++}.gguf`;
    const said = { "general.architecture": "llama", "general.type": "adapter", "adapter.type": "lora", ...keys };
    const tensor = (name: string) => ({
      name,
      type: "F32" as const,
      shape: [1, 1],
      read: async () => new Uint8Array(4),
    });
    await writeGguf(path, [...Object.entries(said), ["adapter.lora.alpha", { float32: 1 }]], names.map(tensor));
    return path;
  };

  test.each([
    [
      "a model",
      { "general.type": "model" },
      [],
      /is not a LoRA adapter\n {2}at: general\.type model, adapter\.type lora/,
    ],
    [
      "another architecture",
      { "general.architecture": "qwen2" },
      [],
      /for the architecture qwen2, but the base model is a llama/,
    ],
    ["embeddings", {}, ["token_embd.weight.lora_a"], /the tensor token_embd\.weight\.lora_a, which is not supported/],
    ["norms", {}, ["blk.0.attn_norm.weight"], /the tensor blk\.0\.attn_norm\.weight, which is not supported/],
    ["nothing", {}, [], /contains no lora_b tensor/],
  ])("%s", async (_, keys, names, message) => {
    const path = await write(keys as Record<string, string>, names);
    await expect(readGgufLora(path, await configOf("merge/llama"))).rejects.toThrow(message);
  });
});
