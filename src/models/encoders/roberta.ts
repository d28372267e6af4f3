import { z } from "zod";
import type { Value } from "../../ir/graph.ts";
import { gelu } from "../../ops/nn/gelu.ts";
import { tanh } from "../../ops/nn/tanh.ts";
import { positionsAfterPadding } from "../../ops/shape/positions.ts";
import { type ArchitectureSpec, defineArchitecture, type ModelInputs } from "../parts/architecture.ts";
import { dense, lookUp, norm } from "../parts/layers.ts";
import { firstToken, pooled } from "../parts/pooling.ts";
import type { ModuleScope } from "../parts/scope.ts";
import { maskedLogits, predictedRows } from "../parts/vocabulary.ts";
import { BertConfig, classifierDropout, embeddings, fresh, layers } from "./bert.ts";

const RobertaConfig = BertConfig.extend({ pad_token_id: z.int().default(1) });
type RobertaConfig = z.output<typeof RobertaConfig>;

/** Architecture of RoBERTa and XLM-RoBERTa, without the name. */
export const robertaSpec: Omit<ArchitectureSpec<RobertaConfig>, "modelType"> = {
  positions: { afterPadding: true },
  config: RobertaConfig,
  basePrefix: "roberta",
  targetModules: ["query", "value"],
  heads: ["classifier", "lm_head"],
  trainedHeads: ["classifier"],
  adapterSites: { "attention.output.dense": "attention.output", "output.dense": "output" },
  layers: "roberta.encoder.layer",
  tasks: {
    SEQ_CLS(m, inputs, c, labels) {
      const h = m.within("roberta", (m) => encode(m, inputs, c));
      return m.within("classifier", (m) => classificationHead(m, h, c, labels, tanh));
    },
    TOKEN_CLS(m, inputs, c, labels) {
      const h = m.within("roberta", (m) => encode(m, inputs, c));
      return dense(m, "classifier", m.dropout(h, classifierDropout(c)), labels, { fresh: fresh(c) });
    },
    FEATURE_EXTRACTION: (m, inputs, c) => pooled(m, encode(m, inputs, c), inputs),
    MASKED_LM(m, inputs, c) {
      const h = predictedRows(m.within("roberta", (m) => encode(m, inputs, c)), inputs); // biome-ignore format: one call
      const x = m.within("lm_head", (m) => {
        const intermediate = gelu(dense(m, "dense", h, c.hidden_size, { fresh: fresh(c) }));
        return norm(m, "layer_norm", intermediate, c.layer_norm_eps, { fresh: fresh(c) });
      });
      const embedding = "roberta.embeddings.word_embeddings.weight";
      return maskedLogits(
        m,
        x,
        { embedding, weight: "lm_head.decoder.weight", bias: "lm_head.bias", ownBias: "lm_head.decoder.bias" },
        c,
      );
    },
  },
};

/** RoBERTa. Source: transformers, models/roberta/modeling_roberta.py; Liu et al. 2019, arXiv:1907.11692. */
export const roberta = defineArchitecture({ ...robertaSpec, modelType: "roberta" });

/** BERT with positions that count from the padding's id on. */
function encode(m: ModuleScope, inputs: ModelInputs, c: RobertaConfig): Value {
  const h = m.within("embeddings", (m) => {
    const paddingIdx = c.pad_token_id;
    const positionIds = positionsAfterPadding(inputs.ids, { paddingIdx });
    const { max_position_embeddings, hidden_size } = c;
    const positionEmbeddings = lookUp(
      m,
      "position_embeddings",
      positionIds,
      max_position_embeddings,
      hidden_size,
      paddingIdx,
    );
    return embeddings(m, inputs, c, positionEmbeddings);
  });
  return m.within("encoder", (m) => layers(m, h, inputs.mask, c));
}

/** A layer between the first token and the logits: `h [batch*seq, hidden]` → `[batch, labels]`. */
export function classificationHead(
  m: ModuleScope,
  h: Value,
  c: BertConfig,
  labels: number,
  activation: (x: Value) => Value,
): Value {
  const drop = (x: Value): Value => m.dropout(x, classifierDropout(c));
  const x = activation(dense(m, "dense", drop(firstToken(h)), c.hidden_size, { fresh: fresh(c) }));
  return dense(m, "out_proj", drop(x), labels, { fresh: fresh(c) });
}
