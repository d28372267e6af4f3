import { z } from "zod";
import { defineArchitecture } from "../parts/architecture.ts";
import { rotary } from "../parts/rotary.ts";
import { decoderTasks, layerTypes, namingEveryLayer } from "./decoder.ts";
import { headDim, LlamaConfig, llamaLayers, llamaModules } from "./llama.ts";

/** transformers' `max_position_embeddings` where `config.json` leaves it out. */
export const QWEN_POSITIONS = 32_768;

/** Keys of `config.json` for the Qwen families. */
export const Qwen2Config = LlamaConfig.extend({
  max_position_embeddings: z.int().default(QWEN_POSITIONS),
  num_key_value_heads: z.int().nullish().default(32),
  use_sliding_window: z.boolean().default(false),
  sliding_window: z.int().nullish().default(4096),
  max_window_layers: z.int().default(28),
  layer_types: layerTypes,
});

/** The parsed config of a Qwen model. */
export type Qwen2Config = z.output<typeof Qwen2Config>;

/** Qwen 2 and 2.5. Source: transformers, models/qwen2/modeling_qwen2.py; Yang et al. 2024, arXiv:2407.10671. */
export const qwen2 = defineArchitecture<Qwen2Config>({
  ...llamaModules,
  modelType: "qwen2",
  positions: { default: QWEN_POSITIONS },
  files: { gguf: { architecture: "qwen2" } },
  config: namingEveryLayer(Qwen2Config),
  tasks: decoderTasks({
    base: "model",
    embeddings: "embed_tokens",
    encode(m, inputs, c) {
      const rotaryEmbedding = rotary(c, headDim(c));
      const biases = { bias: true, outputBias: false };
      return llamaLayers(m, inputs, c, (layer) => ({ ...biases, rotary: rotaryEmbedding, window: windowOf(c, layer) }));
    },
  }),
});

/** The window of a layer: of those that `layer_types` names, else of those from `max_window_layers` on. */
export function windowOf(c: Qwen2Config, layer: number): number | undefined {
  const slides = c.layer_types ? c.layer_types[layer] === "sliding_attention" : layer >= c.max_window_layers;
  return c.use_sliding_window && slides ? (c.sliding_window ?? undefined) : undefined;
}
