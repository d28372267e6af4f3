import type { JsonObject } from "../../json/json.ts";
import type { GgufEntry } from "../writer.ts";
import { type MetadataKeys, maybeFloat, maybeUint, need, numberOf, uint, windowOf } from "./own-keys.ts";
import type { GgufModel } from "./places.ts";
import { type Rope, ropeOf } from "./rope-of.ts";

/**
 * The metadata that describes a model to llama.cpp, but for its name, its file's type and its tokenizer.
 * @param config The model's `config.json`.
 * @throws {CheckpointError} when the config lacks a number that the architecture needs.
 * @see llama.cpp, `set_gguf_parameters` in conversion/
 */
export function ggufMetadata(
  config: JsonObject,
  { name, architecture, windowed }: GgufModel,
): [key: string, value: GgufEntry][] {
  const keys = {
    ...commonKeys(config),
    ...(windowed && { context_length: { uint32: windowOf(config) } }),
    ...architecture.keys?.(config, ropeOf(config)),
  };
  return Object.entries(keys).flatMap(([key, value]) => (value === undefined ? [] : [[`${name}.${key}`, value]]));
}

function commonKeys(config: JsonObject): MetadataKeys {
  const rope = ropeOf(config);
  return {
    block_count: uint(config, "num_hidden_layers", "n_layer"),
    context_length: uint(config, "max_position_embeddings", "n_positions"),
    embedding_length: uint(config, "hidden_size", "n_embd"),
    feed_forward_length: { uint32: numberOf(config, "intermediate_size", "n_inner") ?? 4 * need(config, "n_embd") },
    "attention.head_count": uint(config, "num_attention_heads", "n_head"),
    "attention.head_count_kv": maybeUint(numberOf(config, "num_key_value_heads")),
    ...scalingKeys(rope),
    "rope.freq_base": maybeFloat(rope.theta),
    "attention.layer_norm_rms_epsilon": maybeFloat(numberOf(config, "rms_norm_eps")),
    "attention.layer_norm_epsilon": maybeFloat(numberOf(config, "layer_norm_eps", "layer_norm_epsilon")),
    "attention.key_length": maybeUint(numberOf(config, "head_dim")),
    "attention.value_length": maybeUint(numberOf(config, "head_dim")),
  };
}

function scalingKeys({ scaling }: Rope): MetadataKeys {
  if (!scaling || scaling.rope_type === "llama3") return {}; // llama3: a tensor of factors
  const number = (key: string): number | undefined => numberOf(scaling, key);
  return {
    "rope.scaling.type": scaling.rope_type,
    "rope.scaling.factor": maybeFloat(number("factor")),
    "rope.scaling.original_context_length": maybeUint(number("original_max_position_embeddings")),
    "rope.scaling.yarn_attn_factor": maybeFloat(number("attention_factor")),
    "rope.scaling.yarn_beta_fast": maybeFloat(number("beta_fast")),
    "rope.scaling.yarn_beta_slow": maybeFloat(number("beta_slow")),
  };
}
