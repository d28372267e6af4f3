import { z } from "zod";
import type { Value } from "../../ir/graph.ts";
import { add } from "../../ops/nn/elementwise.ts";
import { relu } from "../../ops/nn/relu.ts";
import { positions } from "../../ops/shape/positions.ts";
import { defineArchitecture, type ModelInputs } from "../parts/architecture.ts";
import { Activation, activation, attend, dense, type Fresh, flatten, lookUp, norm } from "../parts/layers.ts";
import { firstToken, pooled } from "../parts/pooling.ts";
import type { ModuleScope } from "../parts/scope.ts";
import { maskedLogits, predictedRows } from "../parts/vocabulary.ts";

const DistilBertConfig = z.object({
  vocab_size: z.int(),
  tie_word_embeddings: z.boolean().default(true),
  dim: z.int(),
  n_layers: z.int(),
  n_heads: z.int(),
  hidden_dim: z.int(),
  activation: Activation.default("gelu"),
  max_position_embeddings: z.int(),
  initializer_range: z.number().default(0.02),
  pad_token_id: z.int().nullish().default(0),
  dropout: z.number().default(0.1),
  attention_dropout: z.number().default(0.1),
  seq_classif_dropout: z.number().default(0.2),
});
type DistilBertConfig = z.output<typeof DistilBertConfig>;

const EPSILON = 1e-12;

/** DistilBERT. Source: transformers, models/distilbert/modeling_distilbert.py; Sanh et al. 2019, arXiv:1910.01108. */
export const distilbert = defineArchitecture<DistilBertConfig>({
  modelType: "distilbert",
  config: DistilBertConfig,
  basePrefix: "distilbert",
  targetModules: ["q_lin", "v_lin"],
  heads: ["pre_classifier", "classifier", "vocab_transform", "vocab_layer_norm", "vocab_projector"],
  trainedHeads: ["pre_classifier", "classifier"],
  adapterSites: { "attention.out_lin": "attention_adapters", "ffn.lin2": "output_adapters" },
  layers: "distilbert.transformer.layer",
  tasks: {
    SEQ_CLS(m, inputs, c, labels) {
      const h = m.within("distilbert", (m) => encode(m, inputs, c));
      const pooled = relu(dense(m, "pre_classifier", firstToken(h), c.dim, { fresh: fresh(c) }));
      return dense(m, "classifier", m.dropout(pooled, c.seq_classif_dropout), labels, { fresh: fresh(c) });
    },
    TOKEN_CLS(m, inputs, c, labels) {
      const h = m.within("distilbert", (m) => encode(m, inputs, c));
      return dense(m, "classifier", m.dropout(h, c.dropout), labels, { fresh: fresh(c) });
    },
    FEATURE_EXTRACTION: (m, inputs, c) => pooled(m, encode(m, inputs, c), inputs),
    MASKED_LM(m, inputs, c) {
      const h = predictedRows(m.within("distilbert", (m) => encode(m, inputs, c)), inputs); // biome-ignore format: one call
      const intermediate = activation(c.activation, dense(m, "vocab_transform", h, c.dim, { fresh: fresh(c) }));
      const x = norm(m, "vocab_layer_norm", intermediate, EPSILON, { fresh: fresh(c) });
      const embedding = "distilbert.embeddings.word_embeddings.weight";
      return maskedLogits(m, x, { embedding, weight: "vocab_projector.weight", bias: "vocab_projector.bias" }, c);
    },
  },
});

const fresh = (c: DistilBertConfig): Fresh => ({ std: c.initializer_range });

function encode(m: ModuleScope, { ids, mask }: ModelInputs, c: DistilBertConfig): Value {
  let h = m.within("embeddings", (m) => {
    const words = lookUp(m, "word_embeddings", flatten(ids), c.vocab_size, c.dim, c.pad_token_id ?? undefined);
    const positionIds = positions(ids, { offset: 0 });
    const positionEmbeddings = lookUp(m, "position_embeddings", positionIds, c.max_position_embeddings, c.dim);
    return m.dropout(norm(m, "LayerNorm", add(words, positionEmbeddings), EPSILON), c.dropout);
  });
  for (let i = 0; i < c.n_layers; i++) h = m.within(`transformer.layer.${i}`, (m) => block(m, h, mask, c));
  return h;
}

function block(m: ModuleScope, x: Value, mask: Value, c: DistilBertConfig): Value {
  const attended = m.within("attention", (m) => {
    const project = (name: string): Value => dense(m, name, x, c.dim);
    const [q, k, v] = [project("q_lin"), project("k_lin"), project("v_lin")];
    return dense(m, "out_lin", attend(m, q, k, v, mask, { heads: c.n_heads, dropout: c.attention_dropout }), c.dim);
  });
  const h = norm(m, "sa_layer_norm", add(attended, x), EPSILON);
  const mlpOutput = m.within("ffn", (m) => {
    const intermediate = activation(c.activation, dense(m, "lin1", h, c.hidden_dim));
    return m.dropout(dense(m, "lin2", intermediate, c.dim), c.dropout);
  });
  return norm(m, "output_layer_norm", add(mlpOutput, h), EPSILON);
}
