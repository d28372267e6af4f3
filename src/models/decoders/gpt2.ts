import { z } from "zod";
import type { Value } from "../../ir/graph.ts";
import { add } from "../../ops/nn/elementwise.ts";
import { slice } from "../../ops/shape/slice.ts";
import { defineArchitecture, type ModelInputs } from "../parts/architecture.ts";
import { Activation, activation, dense, flatten, lookUp, norm } from "../parts/layers.ts";
import type { ModuleScope } from "../parts/scope.ts";
import { attendCausal } from "./causal-attention.ts";
import { decoderKeys, decoderTasks } from "./decoder.ts";

const Gpt2Config = z.object({
  ...decoderKeys,
  tie_word_embeddings: z.boolean().default(true),
  n_embd: z.int(),
  n_layer: z.int(),
  n_head: z.int(),
  n_positions: z.int(),
  n_inner: z.int().nullish(),
  activation_function: Activation.default("gelu_new"),
  layer_norm_epsilon: z.number().default(1e-5),
  embd_pdrop: z.number().default(0.1),
  attn_pdrop: z.number().default(0.1),
  resid_pdrop: z.number().default(0.1),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.literal(false).default(false),
});
type Gpt2Config = z.output<typeof Gpt2Config>;

/** GPT-2. Source: transformers, models/gpt2/modeling_gpt2.py; Radford et al. 2019. */
export const gpt2 = defineArchitecture<Gpt2Config>({
  modelType: "gpt2",
  files: {
    tied: true,
    transposed: ["c_attn", "c_proj", "c_fc", "q_attn"],
    gguf: {
      architecture: "gpt2",
      granted: { scale_attn_weights: true, scale_attn_by_inverse_layer_idx: false, add_cross_attention: false },
    },
    mlx: [["transformer.", "model."]],
  },
  config: Gpt2Config,
  basePrefix: "transformer",
  targetModules: ["c_attn"],
  heads: ["lm_head", "score", "classifier"],
  trainedHeads: ["score", "classifier"],
  adapterSites: { "attn.c_proj": "attention_adapters", "mlp.c_proj": "output_adapters" },
  layers: "transformer.h",
  // what each of the layers adds to the residual stream starts smaller, so that the sum does not grow with their number
  fresh: (name, c) =>
    name.endsWith(".c_proj.weight")
      ? { kind: "normal", std: c.initializer_range / Math.sqrt(2 * c.n_layer) }
      : undefined,
  tasks: decoderTasks({ base: "transformer", embeddings: "wte", encode, tokenHead: "classifier" }),
});

function encode(m: ModuleScope, inputs: ModelInputs, c: Gpt2Config): Value {
  const words = lookUp(m, "wte", flatten(inputs.ids), c.vocab_size, c.n_embd);
  const positionEmbeddings = lookUp(m, "wpe", flatten(inputs.positions), c.n_positions, c.n_embd);
  let h = m.dropout(add(words, positionEmbeddings), c.embd_pdrop);
  for (let layer = 0; layer < c.n_layer; layer++) {
    h = m.within(`h.${layer}`, (m) => {
      const hidden = add(h, selfAttention(m, norm(m, "ln_1", h, c.layer_norm_epsilon), inputs, c, layer));
      return add(hidden, feedForward(m, norm(m, "ln_2", hidden, c.layer_norm_epsilon), c));
    });
  }
  return norm(m, "ln_f", h, c.layer_norm_epsilon);
}

function selfAttention(m: ModuleScope, x: Value, inputs: ModelInputs, c: Gpt2Config, layer: number): Value {
  const { n_embd: width, n_head: heads, attn_pdrop: dropout } = c;
  const scale =
    (c.scale_attn_weights ? (width / heads) ** -0.5 : 1) / (c.scale_attn_by_inverse_layer_idx ? layer + 1 : 1);
  return m.within("attn", (m) => {
    const qkv = convolution(m, "c_attn", x, 3 * width);
    const part = (i: number): Value => slice(qkv, { axis: 1, start: i * width, end: (i + 1) * width });
    const options = { layer, heads, kvHeads: heads, scale, dropout };
    const h = attendCausal(m, part(0), part(1), part(2), inputs, options);
    return m.dropout(convolution(m, "c_proj", h, width), c.resid_pdrop);
  });
}

function feedForward(m: ModuleScope, x: Value, c: Gpt2Config): Value {
  return m.within("mlp", (m) => {
    const intermediate = activation(c.activation_function, convolution(m, "c_fc", x, c.n_inner ?? 4 * c.n_embd));
    return m.dropout(convolution(m, "c_proj", intermediate, c.n_embd), c.resid_pdrop);
  });
}

/** transformers' `Conv1D`: a linear layer whose weight is stored the other way round. */
const convolution = (m: ModuleScope, name: string, x: Value, out: number): Value =>
  dense(m, name, x, out, { transposed: true });
