import { readGguf } from "../../../../src/formats/gguf/model/read-gguf.ts";
import { writeSafetensors } from "../../../../src/formats/safetensors/safetensors.ts";
import { readCheckpoint } from "../../../../src/formats/transformers/checkpoint.ts";
import type { Format, Seed } from "../format.ts";
import { mutateGguf } from "../mutate-gguf.ts";
import { mutateJson } from "../mutate-json.ts";
import { mutateSafetensors } from "../mutate-safetensors.ts";
import { filesOf, fixture, folderSeed, MODELS } from "./fixtures.ts";
import { openModel, readTensors, tokenizeModel } from "./open-model.ts";

/** A model's weights. */
export const safetensors: Format = {
  name: "safetensors",
  mutate: mutateSafetensors,
  seeds: async () =>
    ["electra", "llama", "causal/gpt2", "merge/llama-bf16"].map((name) => ({
      name,
      files: { ...filesOf(fixture("causal/llama"), /tokenizer/), ...filesOf(fixture(name)) },
      mutated: ["model.safetensors"],
    })),
  async read(folder) {
    await readTensors(folder);
    await openModel(folder);
  },
};

/** The list of a model's shards, and the shards. */
export const shards: Format = {
  name: "shard index",
  mutate: (bytes, random, file) =>
    file.endsWith(".json") ? mutateJson(bytes, random, file) : mutateSafetensors(bytes, random),
  async seeds(scratch) {
    const { tensors } = await readCheckpoint(fixture("merge/llama"));
    const entries = [...tensors];
    const half = entries.length >> 1;
    const names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;
    await writeSafetensors(`${scratch}/${names[0]}`, entries.slice(0, half));
    await writeSafetensors(`${scratch}/${names[1]}`, entries.slice(half));
    const weight_map = Object.fromEntries(entries.map(([name], i) => [name, names[i < half ? 0 : 1]]));
    const index = "model.safetensors.index.json";
    const files = {
      ...filesOf(fixture("causal/llama"), /tokenizer/),
      ...filesOf(fixture("merge/llama"), /^config/),
      ...filesOf(scratch),
      [index]: Buffer.from(JSON.stringify({ metadata: { total_size: 22_000 }, weight_map })),
    };
    return [{ name: "llama in two shards", files, mutated: [index, index, names[0]] }];
  },
  async read(folder) {
    await readTensors(folder);
    await openModel(folder);
  },
};

/** Configurations of every architecture, each with its own weights and tokenizer. */
export const config: Format = {
  name: "config.json",
  mutate: mutateJson,
  seeds: async () => MODELS.map((name) => folderSeed(name, ["config.json"])),
  read: (folder) => openModel(folder),
};

const GGUF = [
  "gemma2",
  "gemma3",
  "gpt2",
  "gptneox",
  "llama",
  "llama-pieces",
  "olmo2",
  "phi3",
  "qwen2",
  "qwen3",
  "smollm3",
];

/** Models in GGUF: metadata, tokenizer and tensors. */
export const gguf: Format = {
  name: "GGUF",
  mutate: mutateGguf,
  seeds: async () =>
    GGUF.map((name): Seed => ({ ...folderSeed("gguf", [`${name}.gguf`], new RegExp(`^${name}\\.gguf$`)), name })),
  async read(folder, file) {
    const path = `${folder}/${file}`;
    const checkpoint = await readGguf(path);
    for (const name of checkpoint.tensors.keys()) await checkpoint.readFloat32(name);
    tokenizeModel(await openModel(path));
  },
};
