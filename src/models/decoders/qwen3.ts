import { z } from "zod";
import { defineArchitecture } from "../parts/architecture.ts";
import { rotary } from "../parts/rotary.ts";
import { rmsByHead } from "./causal-attention.ts";
import { decoderTasks, namingEveryLayer } from "./decoder.ts";
import { headDim, llamaLayers, llamaModules } from "./llama.ts";
import { QWEN_POSITIONS, Qwen2Config, windowOf } from "./qwen2.ts";

const Qwen3Config = Qwen2Config.extend({ head_dim: z.int().default(128) });
type Qwen3Config = z.output<typeof Qwen3Config>;

/** Qwen 3, dense. Source: transformers, models/qwen3/modeling_qwen3.py; Yang et al. 2025, arXiv:2505.09388. */
export const qwen3 = defineArchitecture<Qwen3Config>({
  ...llamaModules,
  modelType: "qwen3",
  positions: { default: QWEN_POSITIONS },
  files: { gguf: { architecture: "qwen3" } },
  config: namingEveryLayer(Qwen3Config),
  tasks: decoderTasks({
    base: "model",
    embeddings: "embed_tokens",
    encode(m, inputs, c) {
      const rotaryEmbedding = rotary(c, headDim(c));
      return llamaLayers(m, inputs, c, (layer) => ({
        rotary: rotaryEmbedding,
        window: windowOf(c, layer),
        normalize: (m, name, x, heads) => rmsByHead(m, name, x, heads, c.rms_norm_eps),
      }));
    },
  }),
});
