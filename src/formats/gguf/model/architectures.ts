import type { JsonObject } from "../../json/json.ts";
import {
  type ConfigOf,
  gemma2Config,
  gemma3Config,
  gpt2Config,
  gptNeoxConfig,
  llamaConfig,
  olmo2Config,
  phi3Config,
  qwen2Config,
  qwen3Config,
  smollm3Config,
} from "./config.ts";
import { gemmaKeys, gptNeoxKeys, llamaKeys, type MetadataKeys, phi3Keys } from "./own-keys.ts";
import { lessOne, type Restored, rowsByHead, rowsOfPairs, transposed } from "./restore.ts";
import type { Rope } from "./rope-of.ts";

/** Numbers of heads, for weights whose rows are ordered by head. */
export interface Heads {
  readonly heads: number;
  readonly kvHeads: number;
}

/** Translation of a GGUF architecture to transformers. */
export interface GgufArchitecture {
  readonly className: string;
  readonly config: ConfigOf;
  /** Modules outside the layers: ggml's name → transformers'. */
  readonly modules: Names;
  /** Path of the list of layers. */
  readonly layers: string;
  /** Modules of a layer. */
  readonly inLayer: Names;
  /** True where llama.cpp looks for biases of linear layers. */
  readonly biases?: boolean;
  /** The output layer as llama.cpp wants it, where that differs: one even where it is the embedding, or none at all. */
  readonly output?: "always" | "never";
  /** Metadata of its own, by keys after the architecture's name. */
  readonly keys?: (config: JsonObject, rope: Rope) => MetadataKeys;
  /** Tensors that hold factors of rotary frequencies instead of weights. */
  readonly ropeFactors?: readonly string[];
  /**
   * Undoes what a converter did to a tensor, where it did something.
   * @param module ggml's name of the module.
   * @param what The tensor, for messages.
   */
  restore?(module: string, shape: readonly number[], heads: Heads, what: string): Restored | undefined;
}

type Names = Readonly<Record<string, string>>;

const MODULES = { token_embd: "model.embed_tokens", output_norm: "model.norm", output: "lm_head" };
const ATTENTION = {
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
};
const HEAD_NORMS = { attn_q_norm: "self_attn.q_norm", attn_k_norm: "self_attn.k_norm" };
const GATED_MLP = { ffn_gate: "mlp.gate_proj", ffn_up: "mlp.up_proj", ffn_down: "mlp.down_proj" };
const NORMS = { attn_norm: "input_layernorm", ffn_norm: "post_attention_layernorm" };
const POST_NORMS = { post_attention_norm: "post_attention_layernorm", post_ffw_norm: "post_feedforward_layernorm" };

/** Llama's names and layout, with which most others begin. */
const llama = {
  className: "LlamaForCausalLM",
  config: llamaConfig,
  modules: MODULES,
  layers: "model.layers",
  inLayer: { ...NORMS, ...ATTENTION, ...GATED_MLP },
  ropeFactors: ["rope_freqs.weight"],
  restore(module, shape, { heads, kvHeads }, what) {
    if (module === "attn_q") return rowsOfPairs(shape, heads, what);
    return module === "attn_k" ? rowsOfPairs(shape, kvHeads, what) : undefined;
  },
} satisfies GgufArchitecture;

const qwen2: GgufArchitecture = {
  className: "Qwen2ForCausalLM",
  config: qwen2Config,
  modules: MODULES,
  layers: "model.layers",
  inLayer: llama.inLayer,
};

const gemma2: GgufArchitecture = {
  className: "Gemma2ForCausalLM",
  config: gemma2Config,
  keys: gemmaKeys,
  modules: MODULES,
  layers: "model.layers",
  inLayer: { ...llama.inLayer, ...POST_NORMS, ffn_norm: "pre_feedforward_layernorm" },
  restore: (module, shape) => (module.endsWith("_norm") ? lessOne(shape) : undefined),
};

/**
 * The architectures that are read, by `general.architecture`.
 * @see llama.cpp, `convert_hf_to_gguf.py` with `conversion/`, whose changes to the weights are undone here; gguf-py,
 *   `tensor_mapping.py`, for the names
 */
export const GGUF_ARCHITECTURES: Readonly<Record<string, GgufArchitecture>> = {
  llama: { ...llama, biases: true, keys: llamaKeys },
  smollm3: { ...llama, className: "SmolLM3ForCausalLM", config: smollm3Config, keys: llamaKeys },
  qwen2: { ...qwen2, biases: true },
  qwen3: {
    ...qwen2,
    className: "Qwen3ForCausalLM",
    config: qwen3Config,
    inLayer: { ...qwen2.inLayer, ...HEAD_NORMS },
  },
  olmo2: {
    ...qwen2,
    className: "Olmo2ForCausalLM",
    config: olmo2Config,
    output: "always",
    inLayer: { ...ATTENTION, ...HEAD_NORMS, ...GATED_MLP, ...POST_NORMS },
  },
  gemma2: { ...gemma2, output: "never" },
  gemma3: {
    ...gemma2,
    className: "Gemma3ForCausalLM",
    config: gemma3Config,
    inLayer: { ...gemma2.inLayer, ...HEAD_NORMS },
  },
  phi3: {
    ...qwen2,
    className: "Phi3ForCausalLM",
    config: phi3Config,
    keys: phi3Keys,
    ropeFactors: ["rope_factors_long.weight", "rope_factors_short.weight"],
    inLayer: {
      ...NORMS,
      attn_qkv: "self_attn.qkv_proj",
      attn_output: "self_attn.o_proj",
      ffn_up: "mlp.gate_up_proj",
      ffn_down: "mlp.down_proj",
    },
  },
  gpt2: {
    className: "GPT2LMHeadModel",
    config: gpt2Config,
    biases: true,
    modules: {
      token_embd: "transformer.wte",
      position_embd: "transformer.wpe",
      output_norm: "transformer.ln_f",
      output: "lm_head",
    },
    layers: "transformer.h",
    inLayer: {
      attn_norm: "ln_1",
      attn_qkv: "attn.c_attn",
      attn_output: "attn.c_proj",
      ffn_norm: "ln_2",
      ffn_up: "mlp.c_fc",
      ffn_down: "mlp.c_proj",
    },
    restore(module, shape) {
      const isConv1D = /^(attn_qkv|attn_output|ffn_up|ffn_down)$/.test(module) && shape.length === 2;
      return isConv1D ? transposed(shape) : undefined;
    },
  },
  gptneox: {
    className: "GPTNeoXForCausalLM",
    config: gptNeoxConfig,
    keys: gptNeoxKeys,
    biases: true,
    output: "always",
    modules: { token_embd: "gpt_neox.embed_in", output_norm: "gpt_neox.final_layer_norm", output: "embed_out" },
    layers: "gpt_neox.layers",
    inLayer: {
      attn_norm: "input_layernorm",
      attn_qkv: "attention.query_key_value",
      attn_output: "attention.dense",
      ffn_norm: "post_attention_layernorm",
      ffn_up: "mlp.dense_h_to_4h",
      ffn_down: "mlp.dense_4h_to_h",
    },
    restore: (module, shape, { heads }, what) => (module === "attn_qkv" ? rowsByHead(shape, heads, what) : undefined),
  },
};
