import { z } from "zod";
import type { Value } from "../../ir/graph.ts";
import { add, scale } from "../../ops/nn/elementwise.ts";
import { defineArchitecture, type ModelInputs } from "../parts/architecture.ts";
import { Activation, rms } from "../parts/layers.ts";
import { rotary } from "../parts/rotary.ts";
import type { ModuleScope } from "../parts/scope.ts";
import { selfAttention } from "./causal-attention.ts";
import { decoderTasks, embedTokens, gatedMlp, layerTypes, namingEveryLayer } from "./decoder.ts";
import { attentionOf, headDim, type LayerAttention, LlamaConfig, llamaModules } from "./llama.ts";

/** transformers' `max_position_embeddings` where `config.json` leaves it out. */
const POSITIONS = 8192;

/** Keys of `config.json` for the Gemma families. */
export const Gemma2Config = LlamaConfig.omit({ hidden_act: true, mlp_bias: true }).extend({
  max_position_embeddings: z.int().default(POSITIONS),
  num_key_value_heads: z.int().nullish().default(4),
  pad_token_id: z.int().nullable().default(0),
  tie_word_embeddings: z.boolean().default(true),
  head_dim: z.int().default(256),
  hidden_activation: Activation.default("gelu_pytorch_tanh"),
  query_pre_attn_scalar: z.number().default(256),
  attn_logit_softcapping: z.number().nullish().default(50),
  final_logit_softcapping: z.number().nullish().default(30),
  sliding_window: z.int().nullish().default(4096),
  layer_types: layerTypes,
  use_bidirectional_attention: z.literal(false).nullish(),
});

/** The parsed config of a Gemma. */
export type Gemma2Config = z.output<typeof Gemma2Config>;

/** Modules that the Gemma families share: norms whose weights are stored around zero. */
export const gemmaModules = {
  ...llamaModules,
  fresh: (name: string) => (name.endsWith("norm.weight") ? ({ kind: "zeros" } as const) : undefined),
};

/** Gemma 2. Source: transformers, models/gemma2/modeling_gemma2.py; Gemma Team 2024, arXiv:2408.00118. */
export const gemma2 = defineArchitecture<Gemma2Config>({
  ...gemmaModules,
  modelType: "gemma2",
  positions: { default: POSITIONS },
  files: { tied: true, gguf: { architecture: "gemma2" } },
  config: namingEveryLayer(Gemma2Config),
  tasks: decoderTasks({
    base: "model",
    embeddings: "embed_tokens",
    encode(m, inputs, c) {
      const rotaryEmbedding = rotary(c, headDim(c));
      return gemmaLayers(m, inputs, c, (layer) => {
        const slides = c.layer_types ? c.layer_types[layer] === "sliding_attention" : layer % 2 === 0;
        const window = slides ? (c.sliding_window ?? undefined) : undefined;
        return { rotary: rotaryEmbedding, window, softcap: c.attn_logit_softcapping ?? undefined };
      });
    },
    softcap: (c) => c.final_logit_softcapping ?? undefined,
  }),
});

/**
 * Scaled token embeddings, layers, and the last norm. A layer normalises before and after attention, and before and after
 * its feed-forward part.
 * @param attention Of the layer of that number.
 */
export function gemmaLayers(
  m: ModuleScope,
  inputs: ModelInputs,
  c: Omit<Gemma2Config, "rope_parameters">,
  attention: (layer: number) => LayerAttention,
): Value {
  const normalize = (m: ModuleScope, name: string, x: Value): Value => rms(m, name, x, c.rms_norm_eps, 1);
  let h = scale(embedTokens(m, "embed_tokens", inputs, c), { by: Math.fround(Math.sqrt(c.hidden_size)) });
  for (let layer = 0; layer < c.num_hidden_layers; layer++) {
    h = m.within(`layers.${layer}`, (m) => {
      const own = { ...attentionOf(c, layer), scale: c.query_pre_attn_scalar ** -0.5, ...attention(layer) };
      const attended = selfAttention(m, normalize(m, "input_layernorm", h), inputs, own);
      const hidden = add(h, normalize(m, "post_attention_layernorm", attended));
      const mlp = { width: c.intermediate_size, act: c.hidden_activation };
      const mlpOutput = gatedMlp(m, normalize(m, "pre_feedforward_layernorm", hidden), mlp);
      return add(hidden, normalize(m, "post_feedforward_layernorm", mlpOutput));
    });
  }
  return normalize(m, "norm", h);
}
