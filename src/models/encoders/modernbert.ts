import { z } from "zod";
import type { Value } from "../../ir/graph.ts";
import { rope } from "../../ops/attention/rope.ts";
import { add, mul } from "../../ops/nn/elementwise.ts";
import { maskedMean } from "../../ops/nn/masked-mean.ts";
import { positions } from "../../ops/shape/positions.ts";
import { slice } from "../../ops/shape/slice.ts";
import { defineArchitecture, type ModelInputs } from "../parts/architecture.ts";
import { Activation, activation, attend, dense, flatten, lookUp, norm } from "../parts/layers.ts";
import { firstToken, pooled } from "../parts/pooling.ts";
import type { ModuleScope } from "../parts/scope.ts";
import { maskedLogits, predictedRows } from "../parts/vocabulary.ts";

const Rope = z.object({ rope_type: z.literal("default").default("default"), rope_theta: z.number().optional() });

/** Checkpoints made by transformers 4 say `global_attn_every_n_layers` and `*_rope_theta`, those of 5 the other two. */
const ModernBertConfig = z
  .object({
    vocab_size: z.int(),
    tie_word_embeddings: z.boolean().default(true),
    hidden_size: z.int(),
    num_hidden_layers: z.int(),
    num_attention_heads: z.int(),
    intermediate_size: z.int(),
    hidden_activation: Activation.default("gelu"),
    norm_eps: z.number().default(1e-5),
    norm_bias: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    local_attention: z.int().default(128),
    layer_types: z.array(z.enum(["full_attention", "sliding_attention"])).nullish(),
    global_attn_every_n_layers: z.int().min(1).default(3),
    rope_parameters: z.object({ full_attention: Rope.optional(), sliding_attention: Rope.optional() }).nullish(),
    global_rope_theta: z.number().default(160_000),
    local_rope_theta: z.number().default(10_000),
    classifier_pooling: z.enum(["cls", "mean"]).default("cls"),
    classifier_activation: Activation.default("gelu"),
    classifier_bias: z.boolean().default(false),
    initializer_range: z.number().default(0.02),
    pad_token_id: z.int().nullish().default(50_283),
    embedding_dropout: z.number().default(0),
    attention_dropout: z.number().default(0),
    mlp_dropout: z.number().default(0),
    classifier_dropout: z.number().default(0),
  })
  .refine((c) => !c.layer_types || c.layer_types.length === c.num_hidden_layers, {
    path: ["layer_types"],
    message: "must name one type for each of num_hidden_layers",
  });
type ModernBertConfig = z.output<typeof ModernBertConfig>;

/** ModernBERT. Source: transformers, models/modernbert/modeling_modernbert.py; Warner et al. 2024, arXiv:2412.13663. */
export const modernbert = defineArchitecture<ModernBertConfig>({
  modelType: "modernbert",
  positions: { default: 8192 },
  config: ModernBertConfig,
  basePrefix: "model",
  targetModules: ["Wqkv"],
  heads: ["head", "classifier", "decoder"],
  trainedHeads: ["classifier"],
  adapterSites: { "attn.Wo": "attention_adapters", "mlp.Wo": "output_adapters" },
  layers: "model.layers",
  tasks: {
    SEQ_CLS(m, inputs, c, labels) {
      const h = m.within("model", (m) => encode(m, inputs, c));
      return classify(m, c.classifier_pooling === "cls" ? firstToken(h) : maskedMean(h, inputs.mask), c, labels);
    },
    TOKEN_CLS(m, inputs, c, labels) {
      return classify(
        m,
        m.within("model", (m) => encode(m, inputs, c)),
        c,
        labels,
      );
    },
    FEATURE_EXTRACTION: (m, inputs, c) => pooled(m, encode(m, inputs, c), inputs),
    MASKED_LM(m, inputs, c) {
      const h = predictedRows(m.within("model", (m) => encode(m, inputs, c)), inputs); // biome-ignore format: one call
      const embedding = "model.embeddings.tok_embeddings.weight";
      return maskedLogits(m, predictionHead(m, h, c), { embedding, weight: "decoder.weight", bias: "decoder.bias" }, c);
    },
  },
});

function encode(m: ModuleScope, inputs: ModelInputs, c: ModernBertConfig): Value {
  let h = m.within("embeddings", (m) => {
    const ids = flatten(inputs.ids);
    const words = lookUp(m, "tok_embeddings", ids, c.vocab_size, c.hidden_size, c.pad_token_id ?? undefined);
    return m.dropout(normalize(m, "norm", words, c), c.embedding_dropout);
  });
  for (let i = 0; i < c.num_hidden_layers; i++) h = m.within(`layers.${i}`, (m) => block(m, h, inputs, c, i));
  return normalize(m, "final_norm", h, c);
}

/** Layer number `i`, normalised before its two halves; the first finds its input normalised. */
function block(m: ModuleScope, x: Value, inputs: ModelInputs, c: ModernBertConfig, i: number): Value {
  const first = i === 0 ? x : normalize(m, "attn_norm", x, c);
  const attended = m.within("attn", (m) => selfAttention(m, first, inputs, c, isFull(c, i)));
  const h = add(x, attended);
  const second = normalize(m, "mlp_norm", h, c);
  const mixed = m.within("mlp", (m) => gatedMlp(m, second, c));
  return add(h, mixed);
}

function isFull({ layer_types, global_attn_every_n_layers }: ModernBertConfig, i: number): boolean {
  return layer_types ? layer_types[i] === "full_attention" : i % global_attn_every_n_layers === 0;
}

function selfAttention(m: ModuleScope, x: Value, inputs: ModelInputs, c: ModernBertConfig, full: boolean): Value {
  const { hidden_size, num_attention_heads: heads, attention_bias: bias, attention_dropout: dropout } = c;
  const qkv = dense(m, "Wqkv", x, 3 * hidden_size, { bias });
  const [q, k, v] = [part(qkv, 0, 3), part(qkv, 1, 3), part(qkv, 2, 3)];
  const theta = full
    ? (c.rope_parameters?.full_attention?.rope_theta ?? c.global_rope_theta)
    : (c.rope_parameters?.sliding_attention?.rope_theta ?? c.local_rope_theta);
  const half = hidden_size / heads / 2;
  const frequencies = Array.from({ length: half }, (_, i) => theta ** (-i / half));
  const positionIds = positions(inputs.ids, { offset: 0 });
  const rotate = (x: Value): Value => rope(x, positionIds, { heads, frequencies });
  const window = full ? undefined : Math.floor(c.local_attention / 2);
  const h = attend(m, rotate(q), rotate(k), v, inputs.mask, { heads, dropout, window });
  return m.dropout(dense(m, "Wo", h, hidden_size, { bias }), dropout);
}

/** GeGLU, Shazeer 2020, arXiv:2002.05202. */
function gatedMlp(m: ModuleScope, x: Value, c: ModernBertConfig): Value {
  const bias = c.mlp_bias;
  const intermediate = dense(m, "Wi", x, 2 * c.intermediate_size, { bias });
  const h = m.dropout(
    mul(activation(c.hidden_activation, part(intermediate, 0, 2)), part(intermediate, 1, 2)),
    c.mlp_dropout,
  );
  return dense(m, "Wo", h, c.hidden_size, { bias });
}

/** `h [rows, hidden]` → logits `[rows, labels]`. */
function classify(m: ModuleScope, h: Value, c: ModernBertConfig, labels: number): Value {
  const x = m.dropout(predictionHead(m, h, c), c.classifier_dropout);
  return dense(m, "classifier", x, labels, { fresh: { std: c.hidden_size ** -0.5 } });
}

/** The part that every head begins with: `[rows, hidden]` → as `h`. */
function predictionHead(m: ModuleScope, h: Value, c: ModernBertConfig): Value {
  return m.within("head", (m) => {
    const fresh = { std: c.initializer_range / Math.sqrt(2 * c.num_hidden_layers) };
    const intermediate = dense(m, "dense", h, c.hidden_size, { bias: c.classifier_bias, fresh });
    return norm(m, "norm", activation(c.classifier_activation, intermediate), c.norm_eps, { bias: c.norm_bias, fresh });
  });
}

const normalize = (m: ModuleScope, name: string, x: Value, { norm_eps, norm_bias }: ModernBertConfig): Value =>
  norm(m, name, x, norm_eps, { bias: norm_bias });

/** Part `i` of the `count` equal ones of a fused projection: `[rows, count·width]` → `[rows, width]`. */
function part(x: Value, i: number, count: number): Value {
  const width = (x.shape[1] as number) / count;
  return slice(x, { axis: 1, start: i * width, end: (i + 1) * width });
}
