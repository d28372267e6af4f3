import { z } from "zod";
import type { Value } from "../../ir/graph.ts";
import { add, mul } from "../../ops/nn/elementwise.ts";
import { slice } from "../../ops/shape/slice.ts";
import { defineArchitecture, type ModelInputs } from "../parts/architecture.ts";
import { activation, dense, rms } from "../parts/layers.ts";
import { type Rotary, rotary } from "../parts/rotary.ts";
import type { ModuleScope } from "../parts/scope.ts";
import { attendCausal, rotate } from "./causal-attention.ts";
import { decoderTasks, embedTokens } from "./decoder.ts";
import { attentionOf, LlamaConfig, llamaModules } from "./llama.ts";

/** transformers' `max_position_embeddings` where `config.json` leaves it out. */
const POSITIONS = 4096;

const Phi3Config = LlamaConfig.extend({
  pad_token_id: z.int().nullable().default(32_000),
  rms_norm_eps: z.number().default(1e-5),
  max_position_embeddings: z.int().default(POSITIONS),
  original_max_position_embeddings: z.int().default(4096),
  sliding_window: z.int().nullish(),
  resid_pdrop: z.number().default(0),
});
type Phi3Config = z.output<typeof Phi3Config>;

/**
 * Phi 3, 3.5 and 4 mini: Llama with fused projections, and often longrope.
 * Source: transformers, models/phi3/modeling_phi3.py; Abdin et al. 2024, arXiv:2404.14219.
 */
export const phi3 = defineArchitecture<Phi3Config>({
  ...llamaModules,
  modelType: "phi3",
  positions: { default: POSITIONS },
  files: { gguf: { architecture: "phi3" } },
  config: Phi3Config,
  targetModules: ["qkv_proj"],
  tasks: decoderTasks({ base: "model", embeddings: "embed_tokens", encode }),
});

function encode(m: ModuleScope, inputs: ModelInputs, c: Phi3Config): Value {
  const rotaryEmbedding = rotary(c, c.hidden_size / c.num_attention_heads);
  let h = embedTokens(m, "embed_tokens", inputs, c);
  for (let layer = 0; layer < c.num_hidden_layers; layer++) {
    h = m.within(`layers.${layer}`, (m) => {
      const attended = selfAttention(
        m,
        rms(m, "input_layernorm", h, c.rms_norm_eps),
        inputs,
        c,
        layer,
        rotaryEmbedding,
      );
      const hidden = add(h, m.dropout(attended, c.resid_pdrop));
      const mlpOutput = feedForward(m, rms(m, "post_attention_layernorm", hidden, c.rms_norm_eps), c);
      return add(hidden, m.dropout(mlpOutput, c.resid_pdrop));
    });
  }
  return rms(m, "norm", h, c.rms_norm_eps);
}

function selfAttention(
  m: ModuleScope,
  x: Value,
  inputs: ModelInputs,
  c: Phi3Config,
  layer: number,
  rotaryEmbedding: Rotary,
): Value {
  const options = { ...attentionOf(c, layer), window: c.sliding_window ?? undefined };
  const { heads, kvHeads, headDim } = options;
  return m.within("self_attn", (m) => {
    const qkv = dense(m, "qkv_proj", x, (heads + 2 * kvHeads) * headDim, { bias: false });
    const part = (from: number, count: number): Value =>
      slice(qkv, { axis: 1, start: from * headDim, end: (from + count) * headDim });
    const q = rotate(part(0, heads), inputs, heads, rotaryEmbedding);
    const k = rotate(part(heads, kvHeads), inputs, kvHeads, rotaryEmbedding);
    const h = attendCausal(m, q, k, part(heads + kvHeads, kvHeads), inputs, options);
    return dense(m, "o_proj", h, c.hidden_size, { bias: false });
  });
}

function feedForward(m: ModuleScope, x: Value, c: Phi3Config): Value {
  const width = c.intermediate_size;
  return m.within("mlp", (m) => {
    const both = dense(m, "gate_up_proj", x, 2 * width, { bias: false });
    const gate = activation(c.hidden_act, slice(both, { axis: 1, start: 0, end: width }));
    const intermediate = mul(slice(both, { axis: 1, start: width, end: 2 * width }), gate);
    return dense(m, "down_proj", intermediate, c.hidden_size, { bias: false });
  });
}
