import { z } from "zod";
import type { Value } from "../../ir/graph.ts";
import { add } from "../../ops/nn/elementwise.ts";
import { defineArchitecture, type ModelInputs } from "../parts/architecture.ts";
import { rms } from "../parts/layers.ts";
import { ROTARY_POSITIONS, rotary } from "../parts/rotary.ts";
import type { ModuleScope } from "../parts/scope.ts";
import { selfAttention } from "./causal-attention.ts";
import { decoderTasks, embedTokens } from "./decoder.ts";
import { attentionOf, feedForward, headDim, LlamaConfig, llamaModules } from "./llama.ts";

const Olmo2Config = LlamaConfig.extend({
  pad_token_id: z.int().nullable().default(1),
  rms_norm_eps: z.number().default(1e-5),
});
type Olmo2Config = z.output<typeof Olmo2Config>;

const { CAUSAL_LM, SEQ_CLS, FEATURE_EXTRACTION } = decoderTasks({ base: "model", embeddings: "embed_tokens", encode });

/**
 * OLMo 2: Llama with the norms behind attention and feed-forward part, and norms over all queries and all keys.
 * transformers has no head for tagging. Source: transformers, models/olmo2/modeling_olmo2.py; arXiv:2501.00656.
 */
export const olmo2 = defineArchitecture<Olmo2Config>({
  ...llamaModules,
  modelType: "olmo2",
  positions: { default: ROTARY_POSITIONS },
  files: { gguf: { architecture: "olmo2" } },
  config: Olmo2Config,
  tasks: { CAUSAL_LM, SEQ_CLS, FEATURE_EXTRACTION },
});

function encode(m: ModuleScope, inputs: ModelInputs, c: Olmo2Config): Value {
  const rotaryEmbedding = rotary(c, headDim(c));
  const normalize = (m: ModuleScope, name: string, x: Value): Value => rms(m, name, x, c.rms_norm_eps);
  let h = embedTokens(m, "embed_tokens", inputs, c);
  for (let layer = 0; layer < c.num_hidden_layers; layer++) {
    h = m.within(`layers.${layer}`, (m) => {
      const attended = selfAttention(m, h, inputs, { ...attentionOf(c, layer), rotary: rotaryEmbedding, normalize });
      const hidden = add(h, normalize(m, "post_attention_layernorm", attended));
      return add(hidden, normalize(m, "post_feedforward_layernorm", feedForward(m, hidden, c)));
    });
  }
  return normalize(m, "norm", h);
}
