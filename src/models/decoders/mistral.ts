import { z } from "zod";
import { defineArchitecture } from "../parts/architecture.ts";
import { rotary } from "../parts/rotary.ts";
import { decoderTasks } from "./decoder.ts";
import { headDim, LlamaConfig, llamaLayers, llamaModules } from "./llama.ts";

/** transformers' `max_position_embeddings` where `config.json` leaves it out. */
const POSITIONS = 131_072;

const MistralConfig = LlamaConfig.extend({
  max_position_embeddings: z.int().default(POSITIONS),
  num_key_value_heads: z.int().nullish().default(8),
  sliding_window: z.int().nullish().default(4096),
});
type MistralConfig = z.output<typeof MistralConfig>;

/** Mistral. Source: transformers, models/mistral/modeling_mistral.py; Jiang et al. 2023, arXiv:2310.06825. */
export const mistral = defineArchitecture<MistralConfig>({
  ...llamaModules,
  modelType: "mistral",
  positions: { default: POSITIONS },
  files: { gguf: { architecture: "llama", windowed: true } },
  config: MistralConfig,
  tasks: decoderTasks({
    base: "model",
    embeddings: "embed_tokens",
    encode(m, inputs, c) {
      const rotaryEmbedding = rotary(c, headDim(c));
      return llamaLayers(m, inputs, c, () => ({
        rotary: rotaryEmbedding,
        bias: false,
        window: c.sliding_window ?? undefined,
      }));
    },
  }),
});
