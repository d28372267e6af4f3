import { prepareTrained } from "../../../../src/assemble/open-trained.ts";
import { recipeOfTrained } from "../../../../src/assemble/recipe-of-trained.ts";
import { readGgufLora } from "../../../../src/formats/gguf/lora/read.ts";
import { readJsonObject } from "../../../../src/formats/json/json.ts";
import { readMlx } from "../../../../src/formats/mlx/read.ts";
import type { Format, Mutate, Seed } from "../format.ts";
import { mutateGguf } from "../mutate-gguf.ts";
import { mutateJson } from "../mutate-json.ts";
import { mutateSafetensors } from "../mutate-safetensors.ts";
import { filesOf, fixture, folderSeed } from "./fixtures.ts";

const mutate: Mutate = (bytes, random, file) =>
  file.endsWith(".json") ? mutateJson(bytes, random, file) : mutateSafetensors(bytes, random);

/** The base models of the seeds are told apart by this file, which nothing reads but we. */
const BASE = "base.txt";
const base = async (folder: string): Promise<string> => new TextDecoder().decode(filesOf(folder)[BASE]);

/** Opens an adapter on its base model, as prediction does, and builds the graph of both. */
async function openAdapter(folder: string): Promise<void> {
  const model = await base(folder);
  await prepareTrained(await recipeOfTrained(folder, model), folder);
}

const onBase = (seed: Seed, model: string): Seed => ({
  ...seed,
  files: { ...seed.files, [BASE]: Buffer.from(fixture(model)) },
});

/** LoRA adapters of PEFT: with DoRA, biases, rank patterns, heads. */
export const peft: Format = {
  name: "PEFT adapter",
  mutate,
  seeds: async () =>
    (
      [
        ...(["lora", "dora", "patterns", "all-linear-rslora", "lora-bias-all"] as const).map((name) => ["bert", name]),
        ["causal/llama", "lora"],
        ["causal/gpt2", "all-linear-rslora"],
        ["distilbert", "lora"],
      ] as const
    ).map(([model, name]) =>
      onBase(
        folderSeed(`${model}/adapters/${name}`, ["adapter_config.json", "adapter_model.safetensors"]),
        model as string,
      ),
    ),
  read: (folder) => openAdapter(folder),
};

/** Bottleneck adapters of adapter-hub, with their heads. */
export const houlsby: Format = {
  name: "adapter-hub adapter",
  mutate,
  seeds: async () =>
    ["bert", "distilbert", "roberta"].map((model) => {
      const seed = folderSeed(`${model}/adapters/houlsby`, []);
      return onBase({ ...seed, mutated: Object.keys(seed.files) }, model);
    }),
  read: (folder) => openAdapter(folder),
};

/** Adapters of mlx-lm. */
export const mlx: Format = {
  name: "mlx adapter",
  mutate,
  seeds: async () =>
    (["llama/mlx/lora", "llama/mlx/dora", "gpt2/mlx/lora"] as const).map((name) =>
      onBase(
        folderSeed(`merge/${name}`, ["adapter_config.json", "adapters.safetensors"]),
        `merge/${name.split("/")[0]}`,
      ),
    ),
  async read(folder) {
    await readMlx(folder, await readJsonObject(`${await base(folder)}/config.json`));
  },
};

/** LoRA adapters in GGUF. */
export const ggufLora: Format = {
  name: "GGUF LoRA",
  mutate: mutateGguf,
  seeds: async () => [onBase(folderSeed("merge/llama-bf16/adapters", ["all.gguf"], /^all\.gguf$/), "merge/llama-bf16")],
  async read(folder, file) {
    await readGgufLora(`${folder}/${file}`, await readJsonObject(`${await base(folder)}/config.json`));
  },
};
