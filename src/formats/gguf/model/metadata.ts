import { CheckpointError } from "../../../errors.ts";
import type { JsonObject } from "../../json/json.ts";
import type { GgufEntry } from "../writer.ts";
import type { GgufModel } from "./places.ts";
import { type Rope, ropeOf } from "./rope-of.ts";

/** Keys after the architecture's name, in the order in which they are written. */
type Keys = Readonly<Record<string, GgufEntry | undefined>>;

/**
 * The metadata that describes a model to llama.cpp, but for its name, its file's type and its tokenizer.
 * @param config The model's `config.json`.
 * @throws {CheckpointError} when the config lacks a number that the architecture needs.
 * @see llama.cpp, `set_gguf_parameters` in conversion/
 */
export function ggufMetadata(config: JsonObject, { name }: GgufModel): [key: string, value: GgufEntry][] {
  const keys = { ...commonKeys(config), ...(OWN[name]?.(config, ropeOf(config)) ?? {}) };
  return Object.entries(keys).flatMap(([key, value]) => (value === undefined ? [] : [[`${name}.${key}`, value]]));
}

function commonKeys(config: JsonObject): Keys {
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

function scalingKeys({ scaling }: Rope): Keys {
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

const llama = (config: JsonObject): Keys => ({
  ...(config.model_type === "mistral" && { context_length: { uint32: windowOf(config) } }),
  vocab_size: uint(config, "vocab_size"),
  "rope.dimension_count": { uint32: headDim(config) },
});

const gemma = (config: JsonObject, { localTheta }: Rope): Keys => ({
  "rope.freq_base_swa": maybeFloat(localTheta),
  attn_logit_softcapping: maybeFloat(numberOf(config, "attn_logit_softcapping")),
  final_logit_softcapping: maybeFloat(numberOf(config, "final_logit_softcapping")),
  "attention.sliding_window": uint(config, "sliding_window"),
});

/** What an architecture has of its own. */
const OWN: Readonly<Record<string, (config: JsonObject, rope: Rope) => Keys>> = {
  llama,
  smollm3: llama,
  gemma2: gemma,
  gemma3: gemma,
  phi3(config, { partial, scaling }) {
    const whole = need(config, "max_position_embeddings");
    const original = "original_max_position_embeddings";
    const trained = numberOf(scaling ?? {}, original) ?? numberOf(config, original) ?? whole;
    const stretch = whole / trained;
    return {
      context_length: { uint32: windowOf(config) },
      "rope.scaling.original_context_length": { uint32: trained },
      "rope.dimension_count": { uint32: Math.floor(partial * headDim(config)) },
      "attention.sliding_window": { uint32: numberOf(config, "sliding_window") ?? 0 },
      ...(scaling?.rope_type === "longrope" && {
        "rope.scaling.attn_factor": {
          float32: stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(trained)),
        },
      }),
    };
  },
  gptneox: (config, { partial }) => ({
    "rope.dimension_count": { uint32: Math.floor(partial * headDim(config)) },
    use_parallel_residual: config.use_parallel_residual !== false,
  }),
};

/** The context that needs no window. */
const windowOf = (config: JsonObject): number =>
  Math.min(need(config, "max_position_embeddings"), numberOf(config, "sliding_window") ?? Number.POSITIVE_INFINITY);

const headDim = (config: JsonObject): number =>
  numberOf(config, "head_dim") ?? need(config, "hidden_size") / need(config, "num_attention_heads");

/** The first of these keys that holds a number. */
function numberOf(config: JsonObject, ...names: readonly string[]): number | undefined {
  return names.map((name) => config[name]).find((value) => typeof value === "number");
}

function need(config: JsonObject, ...names: readonly string[]): number {
  const value = numberOf(config, ...names);
  if (value !== undefined) return value;
  throw new CheckpointError(`config.json lacks ${names.join(" or ")}`, { expected: "a number" });
}

const uint = (config: JsonObject, ...names: readonly string[]): GgufEntry => ({ uint32: need(config, ...names) });

const maybeUint = (value: number | undefined): GgufEntry | undefined =>
  value === undefined ? undefined : { uint32: value };

const maybeFloat = (value: number | undefined): GgufEntry | undefined =>
  value === undefined ? undefined : { float32: value };
