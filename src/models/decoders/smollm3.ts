import { z } from "zod";
import { defineArchitecture } from "../parts/architecture.ts";
import { rotary } from "../parts/rotary.ts";
import { decoderTasks, layerTypes, namingEveryLayer } from "./decoder.ts";
import { headDim, LlamaConfig, llamaLayers, llamaModules } from "./llama.ts";

/** transformers' `max_position_embeddings` where `config.json` leaves it out. */
const POSITIONS = 32_768;

const SmolLm3Config = LlamaConfig.extend({
  max_position_embeddings: z.int().default(POSITIONS),
  num_key_value_heads: z.int().nullish().default(4),
  pad_token_id: z.int().nullable().default(128_004),
  tie_word_embeddings: z.boolean().default(true),
  /** For each layer 1, or 0 where it has no positions. */
  no_rope_layers: z.array(z.int()).nullish(),
  no_rope_layer_interval: z.int().default(4),
  use_sliding_window: z.boolean().default(false),
  sliding_window: z.int().nullish(),
  layer_types: layerTypes,
});
type SmolLm3Config = z.output<typeof SmolLm3Config>;

/** SmolLM 3: Llama with some layers that know no positions. Source: transformers, models/smollm3/modeling_smollm3.py. */
export const smollm3 = defineArchitecture<SmolLm3Config>({
  ...llamaModules,
  modelType: "smollm3",
  positions: { default: POSITIONS },
  files: { tied: true, gguf: { architecture: "smollm3", granted: { no_rope_layer_interval: 4 } } },
  config: namingEveryLayer(SmolLm3Config),
  tasks: decoderTasks({
    base: "model",
    embeddings: "embed_tokens",
    encode(m, inputs, c) {
      const rotaryEmbedding = rotary(c, headDim(c), 2_000_000);
      return llamaLayers(m, inputs, c, (layer) => {
        const placed = c.no_rope_layers ? c.no_rope_layers[layer] !== 0 : (layer + 1) % c.no_rope_layer_interval !== 0;
        const slides = c.layer_types ? c.layer_types[layer] === "sliding_attention" : !placed;
        const window = c.use_sliding_window && slides ? c.sliding_window : undefined;
        return { rotary: placed ? rotaryEmbedding : undefined, window: window ?? undefined };
      });
    },
  }),
});
