import { z } from "zod";
import type { Value } from "../../ir/graph.ts";
import { gelu } from "../../ops/nn/gelu.ts";
import { positions } from "../../ops/shape/positions.ts";
import { defineArchitecture, type ModelInputs } from "../parts/architecture.ts";
import { dense, lookUp, norm } from "../parts/layers.ts";
import { pooled } from "../parts/pooling.ts";
import type { ModuleScope } from "../parts/scope.ts";
import { maskedLogits, predictedRows } from "../parts/vocabulary.ts";
import { BertConfig, classifierDropout, embeddings, fresh, layers } from "./bert.ts";
import { classificationHead } from "./roberta.ts";

const ElectraConfig = BertConfig.extend({ embedding_size: z.int() });
type ElectraConfig = z.output<typeof ElectraConfig>;

/** ELECTRA's discriminator. Source: transformers, models/electra/modeling_electra.py; Clark et al. 2020, arXiv:2003.10555. */
export const electra = defineArchitecture<ElectraConfig>({
  modelType: "electra",
  config: ElectraConfig,
  basePrefix: "electra",
  targetModules: ["query", "value"],
  heads: ["classifier", "generator_predictions", "generator_lm_head"],
  trainedHeads: ["classifier"],
  adapterSites: { "attention.output.dense": "attention.output", "output.dense": "output" },
  layers: "electra.encoder.layer",
  tasks: {
    SEQ_CLS(m, inputs, c, labels) {
      const h = m.within("electra", (m) => encode(m, inputs, c));
      return m.within("classifier", (m) => classificationHead(m, h, c, labels, gelu));
    },
    TOKEN_CLS(m, inputs, c, labels) {
      const h = m.within("electra", (m) => encode(m, inputs, c));
      return dense(m, "classifier", m.dropout(h, classifierDropout(c)), labels, { fresh: fresh(c) });
    },
    FEATURE_EXTRACTION: (m, inputs, c) => pooled(m, encode(m, inputs, c), inputs),
    MASKED_LM(m, inputs, c) {
      const h = predictedRows(m.within("electra", (m) => encode(m, inputs, c)), inputs); // biome-ignore format: one call
      const x = m.within("generator_predictions", (m) => {
        const narrow = gelu(dense(m, "dense", h, c.embedding_size, { fresh: fresh(c) }));
        return norm(m, "LayerNorm", narrow, c.layer_norm_eps, { fresh: fresh(c) });
      });
      const embedding = "electra.embeddings.word_embeddings.weight";
      return maskedLogits(m, x, { embedding, weight: "generator_lm_head.weight", bias: "generator_lm_head.bias" }, c);
    },
  },
});

/** BERT on embeddings that may be narrower than its layers. */
function encode(m: ModuleScope, inputs: ModelInputs, c: ElectraConfig): Value {
  const narrow = m.within("embeddings", (m) => {
    const positionIds = positions(inputs.ids, { offset: 0 });
    return embeddings(
      m,
      inputs,
      c,
      lookUp(m, "position_embeddings", positionIds, c.max_position_embeddings, c.embedding_size),
    );
  });
  const h = c.embedding_size === c.hidden_size ? narrow : dense(m, "embeddings_project", narrow, c.hidden_size);
  return m.within("encoder", (m) => layers(m, h, inputs.mask, c));
}
