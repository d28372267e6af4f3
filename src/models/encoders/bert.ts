import { z } from "zod";
import type { Value } from "../../ir/graph.ts";
import { add } from "../../ops/nn/elementwise.ts";
import { tanh } from "../../ops/nn/tanh.ts";
import { positions } from "../../ops/shape/positions.ts";
import { defineArchitecture, type ModelInputs } from "../parts/architecture.ts";
import { Activation, activation, attend, dense, flatten, lookUp, norm } from "../parts/layers.ts";
import { firstToken, pooled } from "../parts/pooling.ts";
import type { ModuleScope } from "../parts/scope.ts";
import { maskedLogits, predictedRows } from "../parts/vocabulary.ts";

/** Keys of `config.json` for the BERT family. */
export const BertConfig = z.object({
  vocab_size: z.int(),
  tie_word_embeddings: z.boolean().default(true),
  hidden_size: z.int(),
  num_hidden_layers: z.int(),
  num_attention_heads: z.int(),
  intermediate_size: z.int(),
  hidden_act: Activation.default("gelu"),
  max_position_embeddings: z.int(),
  type_vocab_size: z.int().default(2),
  layer_norm_eps: z.number().default(1e-12),
  initializer_range: z.number().default(0.02),
  pad_token_id: z.int().nullish().default(0),
  hidden_dropout_prob: z.number().default(0.1),
  attention_probs_dropout_prob: z.number().default(0.1),
  classifier_dropout: z.number().nullish(),
});

/** The parsed config of a model of the BERT family. */
export type BertConfig = z.output<typeof BertConfig>;

/** BERT. Source: transformers, models/bert/modeling_bert.py; Devlin et al. 2018, arXiv:1810.04805. */
export const bert = defineArchitecture<BertConfig>({
  modelType: "bert",
  config: BertConfig,
  basePrefix: "bert",
  targetModules: ["query", "value"],
  heads: ["pooler", "classifier", "cls"],
  trainedHeads: ["classifier"],
  adapterSites: { "attention.output.dense": "attention.output", "output.dense": "output" },
  layers: "bert.encoder.layer",
  tasks: {
    SEQ_CLS(m, inputs, c, labels) {
      const h = m.within("bert", (m) => pooler(m, encode(m, inputs, c), c));
      return dense(m, "classifier", m.dropout(h, classifierDropout(c)), labels, { fresh: fresh(c) });
    },
    TOKEN_CLS(m, inputs, c, labels) {
      const h = m.within("bert", (m) => encode(m, inputs, c));
      return dense(m, "classifier", m.dropout(h, classifierDropout(c)), labels, { fresh: fresh(c) });
    },
    FEATURE_EXTRACTION: (m, inputs, c) => pooled(m, encode(m, inputs, c), inputs),
    MASKED_LM(m, inputs, c) {
      const h = m.within("bert", (m) => encode(m, inputs, c));
      const x = m.within("cls.predictions.transform", (m) => {
        const intermediate = activation(
          c.hidden_act,
          dense(m, "dense", predictedRows(h, inputs), c.hidden_size, { fresh: fresh(c) }),
        );
        return norm(m, "LayerNorm", intermediate, c.layer_norm_eps, { fresh: fresh(c) });
      });
      const embedding = "bert.embeddings.word_embeddings.weight";
      return maskedLogits(
        m,
        x,
        {
          embedding,
          weight: "cls.predictions.decoder.weight",
          bias: "cls.predictions.bias",
          ownBias: "cls.predictions.decoder.bias",
        },
        c,
      );
    },
  },
});

/** Dropout before the head. */
export const classifierDropout = (c: BertConfig): number => c.classifier_dropout ?? c.hidden_dropout_prob;

/** Initialization of new heads. */
export const fresh = (c: Pick<BertConfig, "initializer_range">): { std: number } => ({ std: c.initializer_range });

/** Embeddings and layers: ids → `[batch*seq, hidden]`. */
function encode(m: ModuleScope, inputs: ModelInputs, c: BertConfig): Value {
  const h = m.within("embeddings", (m) => {
    const positionIds = positions(inputs.ids, { offset: 0 });
    return embeddings(
      m,
      inputs,
      c,
      lookUp(m, "position_embeddings", positionIds, c.max_position_embeddings, c.hidden_size),
    );
  });
  return m.within("encoder", (m) => layers(m, h, inputs.mask, c));
}

function pooler(m: ModuleScope, h: Value, c: BertConfig): Value {
  return m.within("pooler", (m) => tanh(dense(m, "dense", firstToken(h), c.hidden_size, { fresh: fresh(c) })));
}

/** Sum of word, type and position embeddings, normalised. `positionEmbeddings [batch*seq, width]`: those of the positions. */
export function embeddings(
  m: ModuleScope,
  { ids, typeIds }: ModelInputs,
  c: BertConfig,
  positionEmbeddings: Value,
): Value {
  const width = positionEmbeddings.shape[1] as number;
  const words = lookUp(m, "word_embeddings", flatten(ids), c.vocab_size, width, c.pad_token_id ?? undefined);
  const types = lookUp(m, "token_type_embeddings", flatten(typeIds), c.type_vocab_size, width);
  return m.dropout(
    norm(m, "LayerNorm", add(add(words, types), positionEmbeddings), c.layer_norm_eps),
    c.hidden_dropout_prob,
  );
}

/** The stack `layer.0 …`, shared by the family. */
export function layers(m: ModuleScope, x: Value, mask: Value, c: BertConfig): Value {
  let h = x;
  for (let i = 0; i < c.num_hidden_layers; i++) {
    h = m.within(`layer.${i}`, (m) => block(m, h, c, (m) => selfAttention(m, h, mask, c)));
  }
  return h;
}

/** Config of a layer, without its attention. */
type BlockConfig = Pick<
  BertConfig,
  "hidden_size" | "intermediate_size" | "hidden_act" | "layer_norm_eps" | "hidden_dropout_prob"
>;

/** One layer: attention, then the feed-forward part, each added to its input and normalised. */
export function block(m: ModuleScope, x: Value, c: BlockConfig, attend: (m: ModuleScope) => Value): Value {
  const h = m.within("attention", (m) => {
    const attended = m.within("self", attend);
    return m.within("output", (m) => residual(m, attended, x, c));
  });
  const intermediate = m.within("intermediate", (m) =>
    activation(c.hidden_act, dense(m, "dense", h, c.intermediate_size)),
  );
  return m.within("output", (m) => residual(m, intermediate, h, c));
}

function selfAttention(m: ModuleScope, x: Value, mask: Value, c: BertConfig): Value {
  const project = (name: string): Value => dense(m, name, x, c.hidden_size);
  const [q, k, v] = [project("query"), project("key"), project("value")];
  return attend(m, q, k, v, mask, { heads: c.num_attention_heads, dropout: c.attention_probs_dropout_prob });
}

function residual(m: ModuleScope, x: Value, skip: Value, c: BlockConfig): Value {
  const h = m.dropout(dense(m, "dense", x, c.hidden_size), c.hidden_dropout_prob);
  return norm(m, "LayerNorm", add(h, skip), c.layer_norm_eps);
}
