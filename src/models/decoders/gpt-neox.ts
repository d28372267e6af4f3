import { z } from "zod";
import type { Value } from "../../ir/graph.ts";
import { add } from "../../ops/nn/elementwise.ts";
import { reshape } from "../../ops/shape/shape.ts";
import { slice } from "../../ops/shape/slice.ts";
import { defineArchitecture, type ModelInputs } from "../parts/architecture.ts";
import { Activation, activation, dense, flatten, lookUp, norm } from "../parts/layers.ts";
import { ROTARY_POSITIONS, type Rotary, rotary, rotaryKeys } from "../parts/rotary.ts";
import type { ModuleScope } from "../parts/scope.ts";
import { attendCausal, rotate } from "./causal-attention.ts";
import { decoderKeys, decoderTasks } from "./decoder.ts";

const GptNeoXConfig = z.object({
  ...decoderKeys,
  ...rotaryKeys,
  hidden_size: z.int(),
  intermediate_size: z.int(),
  num_hidden_layers: z.int(),
  num_attention_heads: z.int(),
  hidden_act: Activation.default("gelu"),
  layer_norm_eps: z.number().default(1e-5),
  use_parallel_residual: z.boolean().default(true),
  attention_bias: z.boolean().default(true),
  attention_dropout: z.number().default(0),
  hidden_dropout: z.number().default(0),
  classifier_dropout: z.number().default(0.1),
  rotary_pct: z.number().default(0.25),
  rotary_emb_base: z.number().default(10_000),
});
type GptNeoXConfig = z.output<typeof GptNeoXConfig>;

/** GPT-NeoX and Pythia. Source: transformers, models/gpt_neox/modeling_gpt_neox.py; Black et al. 2022, arXiv:2204.06745. */
export const gptNeoX = defineArchitecture<GptNeoXConfig>({
  modelType: "gpt_neox",
  positions: { default: ROTARY_POSITIONS },
  files: {
    gguf: { architecture: "gptneox" },
    mlx: [
      ["gpt_neox.layers.", "model.h."],
      ["embed_out", "model.embed_out"],
    ],
  },
  config: GptNeoXConfig,
  basePrefix: "gpt_neox",
  targetModules: ["query_key_value"],
  heads: ["embed_out", "score", "classifier"],
  trainedHeads: ["score", "classifier"],
  adapterSites: { "attention.dense": "attention_adapters", "mlp.dense_4h_to_h": "output_adapters" },
  layers: "gpt_neox.layers",
  tasks: decoderTasks({
    base: "gpt_neox",
    embeddings: "embed_in",
    output: "embed_out",
    encode,
    tokenHead: "classifier",
  }),
});

function encode(m: ModuleScope, inputs: ModelInputs, c: GptNeoXConfig): Value {
  const rope = { ...c, rope_theta: c.rotary_emb_base, partial_rotary_factor: c.rotary_pct };
  const rotaryEmbedding = rotary(rope, c.hidden_size / c.num_attention_heads);
  const words = lookUp(m, "embed_in", flatten(inputs.ids), c.vocab_size, c.hidden_size);
  let h = m.dropout(words, c.hidden_dropout);
  for (let layer = 0; layer < c.num_hidden_layers; layer++) {
    h = m.within(`layers.${layer}`, (m) => block(m, h, inputs, c, layer, rotaryEmbedding));
  }
  return norm(m, "final_layer_norm", h, c.layer_norm_eps);
}

/** With `use_parallel_residual`, attention and feed-forward part read the same states. */
function block(
  m: ModuleScope,
  x: Value,
  inputs: ModelInputs,
  c: GptNeoXConfig,
  layer: number,
  rotaryEmbedding: Rotary,
): Value {
  const normal = norm(m, "input_layernorm", x, c.layer_norm_eps);
  const attended = add(x, m.dropout(selfAttention(m, normal, inputs, c, layer, rotaryEmbedding), c.hidden_dropout));
  const read = c.use_parallel_residual ? x : attended;
  const mlpOutput = feedForward(m, norm(m, "post_attention_layernorm", read, c.layer_norm_eps), c);
  return add(attended, m.dropout(mlpOutput, c.hidden_dropout));
}

/** Queries, keys and values stand side by side, head by head. */
function selfAttention(
  m: ModuleScope,
  x: Value,
  inputs: ModelInputs,
  c: GptNeoXConfig,
  layer: number,
  rotaryEmbedding: Rotary,
): Value {
  const { num_attention_heads: heads, hidden_size: width, attention_bias: bias, attention_dropout: dropout } = c;
  const headDim = width / heads;
  return m.within("attention", (m) => {
    const qkv = dense(m, "query_key_value", x, 3 * width, { bias });
    const [rows] = qkv.shape as [string];
    const apart = reshape(qkv, { shape: [rows, heads, 3 * headDim] });
    const part = (i: number): Value =>
      reshape(slice(apart, { axis: 2, start: i * headDim, end: (i + 1) * headDim }), { shape: [rows, width] });
    const [q, k] = [rotate(part(0), inputs, heads, rotaryEmbedding), rotate(part(1), inputs, heads, rotaryEmbedding)];
    const h = attendCausal(m, q, k, part(2), inputs, { layer, heads, kvHeads: heads, dropout });
    return dense(m, "dense", h, width, { bias });
  });
}

function feedForward(m: ModuleScope, x: Value, c: GptNeoXConfig): Value {
  return m.within("mlp", (m) => {
    const intermediate = activation(c.hidden_act, dense(m, "dense_h_to_4h", x, c.intermediate_size));
    return dense(m, "dense_4h_to_h", intermediate, c.hidden_size);
  });
}
