import { z } from "zod";
import type { Value } from "../../ir/graph.ts";
import { add } from "../../ops/nn/elementwise.ts";
import { defineArchitecture, type ModelInputs } from "../parts/architecture.ts";
import { Activation, rms } from "../parts/layers.ts";
import { ROTARY_POSITIONS, rotary, rotaryKeys } from "../parts/rotary.ts";
import type { ModuleScope } from "../parts/scope.ts";
import { type SelfAttentionOptions, selfAttention } from "./causal-attention.ts";
import { decoderKeys, decoderTasks, embedTokens, gatedMlp } from "./decoder.ts";

/** Keys of `config.json` for Llama and similar families. */
export const LlamaConfig = z.object({
  ...decoderKeys,
  ...rotaryKeys,
  hidden_size: z.int(),
  intermediate_size: z.int(),
  num_hidden_layers: z.int(),
  num_attention_heads: z.int(),
  num_key_value_heads: z.int().nullish(),
  head_dim: z.int().nullish(),
  hidden_act: Activation.default("silu"),
  rms_norm_eps: z.number().default(1e-6),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  attention_dropout: z.number().default(0),
});

/** The parsed config of a model of Llama's kind. */
export type LlamaConfig = z.output<typeof LlamaConfig>;

/** Modules that most decoders share with Llama. */
export const llamaModules = {
  basePrefix: "model",
  targetModules: ["q_proj", "v_proj"],
  heads: ["lm_head", "score"],
  trainedHeads: ["score"],
  adapterSites: { "self_attn.o_proj": "attention_adapters", "mlp.down_proj": "output_adapters" },
  layers: "model.layers",
} as const;

/** Llama 2 and 3. Source: transformers, models/llama/modeling_llama.py; Touvron et al. 2023, arXiv:2307.09288. */
export const llama = defineArchitecture<LlamaConfig>({
  ...llamaModules,
  modelType: "llama",
  positions: { default: ROTARY_POSITIONS },
  files: { gguf: { architecture: "llama" } },
  config: LlamaConfig,
  tasks: decoderTasks({
    base: "model",
    embeddings: "embed_tokens",
    encode(m, inputs, c) {
      const rotaryEmbedding = rotary(c, headDim(c));
      return llamaLayers(m, inputs, c, () => ({ rotary: rotaryEmbedding }));
    },
  }),
});

/** Attention options of a layer that differ from Llama's. */
export type LayerAttention = Partial<SelfAttentionOptions>;

/**
 * Token embeddings, layers, and the last norm. A layer normalises, attends, adds; normalises, feeds forward, adds.
 * @param attention Of the layer of that number.
 */
export function llamaLayers(
  m: ModuleScope,
  inputs: ModelInputs,
  c: LlamaConfig,
  attention: (layer: number) => LayerAttention,
): Value {
  let h = embedTokens(m, "embed_tokens", inputs, c);
  for (let layer = 0; layer < c.num_hidden_layers; layer++) {
    h = m.within(`layers.${layer}`, (m) => {
      const options = { ...attentionOf(c, layer), ...attention(layer) };
      const hidden = add(h, selfAttention(m, rms(m, "input_layernorm", h, c.rms_norm_eps), inputs, options));
      return add(hidden, feedForward(m, rms(m, "post_attention_layernorm", hidden, c.rms_norm_eps), c));
    });
  }
  return rms(m, "norm", h, c.rms_norm_eps);
}

type AttentionKeys = "attention_bias" | "attention_dropout" | HeadKeys;
type HeadKeys = "head_dim" | "hidden_size" | "num_attention_heads" | "num_key_value_heads";

/** The attention of a layer as Llama's config describes it, without positions. */
export function attentionOf(c: Pick<LlamaConfig, AttentionKeys>, layer: number): SelfAttentionOptions {
  const heads = c.num_attention_heads;
  const kvHeads = c.num_key_value_heads ?? heads;
  return { layer, heads, kvHeads, headDim: headDim(c), bias: c.attention_bias, dropout: c.attention_dropout };
}

/** Llama's feed-forward part. */
export const feedForward = (m: ModuleScope, x: Value, c: LlamaConfig): Value =>
  gatedMlp(m, x, { width: c.intermediate_size, bias: c.mlp_bias, act: c.hidden_act });

/** Width of one head. */
export const headDim = (c: Pick<LlamaConfig, HeadKeys>): number => c.head_dim ?? c.hidden_size / c.num_attention_heads;
