import { z } from "zod";
import { defineArchitecture } from "../parts/architecture.ts";
import { RopeParameters, type Rotary, rotary } from "../parts/rotary.ts";
import { rmsByHead } from "./causal-attention.ts";
import { decoderTasks, namingEveryLayer } from "./decoder.ts";
import { Gemma2Config, gemmaLayers, gemmaModules } from "./gemma2.ts";
import { headDim } from "./llama.ts";

/** transformers' `max_position_embeddings` where `config.json` leaves it out. */
const POSITIONS = 131_072;

const Gemma3Config = Gemma2Config.extend({
  max_position_embeddings: z.int().default(POSITIONS),
  final_logit_softcapping: z.number().nullable().default(null),
  sliding_window_pattern: z.int().default(6),
  rope_local_base_freq: z.number().default(10_000),
  /** By the types of layers. */
  rope_parameters: z
    .object({ full_attention: RopeParameters.nullish(), sliding_attention: RopeParameters.nullish() })
    .nullish(),
});
type Gemma3Config = z.output<typeof Gemma3Config>;

const { CAUSAL_LM, SEQ_CLS, FEATURE_EXTRACTION } = decoderTasks<Gemma3Config>({
  base: "model",
  embeddings: "embed_tokens",
  encode(m, inputs, c) {
    const { full, local } = rotaries(c);
    return gemmaLayers(m, inputs, c, (layer) => {
      const slides = c.layer_types
        ? c.layer_types[layer] === "sliding_attention"
        : (layer + 1) % c.sliding_window_pattern !== 0;
      return {
        rotary: slides ? local : full,
        window: slides ? (c.sliding_window ?? undefined) : undefined,
        normalize: (m, name, x, heads) => rmsByHead(m, name, x, heads, c.rms_norm_eps, 1),
      };
    });
  },
  softcap: (c) => c.final_logit_softcapping ?? undefined,
});

/**
 * Gemma 3, text alone. transformers has no head for tagging, and leaves `attn_logit_softcapping` unread.
 * Source: transformers, models/gemma3/modeling_gemma3.py; Gemma Team 2025, arXiv:2503.19786.
 */
export const gemma3Text = defineArchitecture<Gemma3Config>({
  ...gemmaModules,
  modelType: "gemma3_text",
  positions: { default: POSITIONS },
  files: { tied: true, gguf: { architecture: "gemma3", granted: { sliding_window_pattern: 6 } } },
  config: namingEveryLayer(Gemma3Config),
  tasks: { CAUSAL_LM, SEQ_CLS, FEATURE_EXTRACTION },
});

/** Layers with a window turn by wavelengths of their own, which are never stretched by `rope_scaling`. */
function rotaries({ rope_parameters: given, rope_scaling, ...c }: Gemma3Config): { full: Rotary; local: Rotary } {
  const { full_attention, sliding_attention } = given ?? {};
  const local = { ...c, rope_theta: c.rope_local_base_freq, rope_scaling: sliding_attention };
  return {
    full: rotary({ ...c, rope_scaling: rope_scaling ?? full_attention }, headDim(c), 1_000_000),
    local: rotary(local, headDim(c)),
  };
}
