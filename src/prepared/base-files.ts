import { makeFolder } from "#platform";
import type { GgufCheckpoint } from "../formats/gguf/model/read-gguf.ts";
import { ggufTokenizer, type TokenizerFiles, writeTokenizerFiles } from "../formats/gguf/tokenizer/read-tokenizer.ts";
import type { JsonObject } from "../formats/json/json.ts";
import { float, readJsonToEdit } from "../formats/json/json-file.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import { copyTokenizer } from "../formats/transformers/copy-tokenizer.ts";
import { loadTokenizer, type Tokenizer, tokenizerOf } from "../tokenizer/tokenizer.ts";
import { generationEnds } from "./end-ids.ts";

/** Files of a base model besides weights, to be used and to be written next to the trained weights. */
export interface BaseFiles {
  readonly tokenizer: Tokenizer;
  /** `config.json`, to be changed and written again. */
  config(): Promise<JsonObject>;
  writeTokenizer(folder: string): Promise<void>;
  /** Tokens that end a generated text, besides the tokenizer's and those of `config.json`. */
  generationEnds(): Promise<readonly number[]>;
}

/** Those of a model folder: the tokenizer is copied byte for byte. */
export async function filesOfFolder({ folder }: Checkpoint): Promise<BaseFiles> {
  const tokenizer = await loadTokenizer(folder);
  return {
    tokenizer,
    async config() {
      const { quantization_config: _, ...config } = await readJsonToEdit(`${folder}/config.json`);
      return config; // weights are written as floats
    },
    writeTokenizer: (to) => copyTokenizer(folder, to, tokenizer.files),
    generationEnds: () => generationEnds(folder),
  };
}

/** Those of a GGUF file, as the model that it was made from had them. */
export function filesOfGguf({ folder: path, metadata, config }: GgufCheckpoint): BaseFiles {
  const files: TokenizerFiles = ggufTokenizer(metadata, path);
  return {
    tokenizer: tokenizerOf(files.definition, files.config, [], path),
    config: async () => spelledAsFloats(config),
    async writeTokenizer(to) {
      await makeFolder(to);
      await writeTokenizerFiles(to, files);
    },
    generationEnds: async () =>
      ENDS.map((key) => metadata.get(key)).filter((id): id is number => Number.isInteger(id) && Number(id) >= 0),
  };
}

/** Metadata of the tokens that end a turn or a message; that of the text's end is in the configuration. */
const ENDS = ["tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"];

/** Keys of a configuration that Python reads as floats, whole or not. */
const FLOATS = /(_theta|_eps|_epsilon|_base|_freq|_scalar|softcapping|factor|beta_fast|beta_slow|_dropout|_range)$/;

const spelledAsFloats = (config: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      if (typeof value === "number" && FLOATS.test(key)) return [key, float(value)];
      const nested = typeof value === "object" && value !== null && !Array.isArray(value);
      return [key, nested ? spelledAsFloats(value as JsonObject) : value];
    }),
  );
