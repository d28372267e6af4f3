import { z } from "zod";
import type { Value } from "../../ir/graph.ts";
import { attention } from "../../ops/attention/attention.ts";
import { biasedAttention } from "../../ops/attention/biased.ts";
import { relativePositions } from "../../ops/attention/relative-positions.ts";
import { relativeScores } from "../../ops/attention/relative-scores.ts";
import { add } from "../../ops/nn/elementwise.ts";
import { embedding } from "../../ops/nn/embedding.ts";
import { positions } from "../../ops/shape/positions.ts";
import { defineArchitecture, type ModelInputs } from "../parts/architecture.ts";
import { Activation, activation, dense, flatten, lookUp, norm } from "../parts/layers.ts";
import { firstToken, pooled } from "../parts/pooling.ts";
import type { ModuleScope } from "../parts/scope.ts";
import { maskedLogits, predictedRows } from "../parts/vocabulary.ts";
import { BertConfig, block, fresh } from "./bert.ts";

/** The largest table of relative positions: published models have 512 rows. */
const MOST_POSITIONS = 100_000;

/** Names as a list, or joined by `|`. */
const Names = z
  .union([z.string(), z.array(z.string())])
  .nullish()
  .transform((names) => (typeof names === "string" ? names.split("|") : (names ?? [])).map((name) => name.trim().toLowerCase())); // biome-ignore format: one call

/** The distance from which on all count alike. */
const maxDistanceOf = (c: { max_relative_positions: number; max_position_embeddings: number }): number =>
  c.max_relative_positions < 1 ? c.max_position_embeddings : c.max_relative_positions;

const DebertaConfig = BertConfig.omit({ classifier_dropout: true })
  .extend({
    type_vocab_size: z.int().default(0).transform((count) => (count === 0 ? undefined : count)), // biome-ignore format: one line
    layer_norm_eps: z.number().default(1e-7),
    embedding_size: z.int().optional(),
    attention_head_size: z.int().optional(),
    position_biased_input: z.boolean().default(true),
    relative_attention: z.boolean().default(false),
    pos_att_type: Names,
    share_att_key: z.boolean().default(false),
    position_buckets: z.int().default(-1),
    max_relative_positions: z.int().max(MOST_POSITIONS).default(-1),
    norm_rel_ebd: Names,
    conv_kernel_size: z.int().default(0),
    pooler_dropout: z.number().default(0),
    pooler_hidden_act: Activation.default("gelu"),
    cls_dropout: z.number().nullish(),
    legacy: z.boolean().default(true),
  })
  .refine((c) => c.conv_kernel_size <= 0, {
    path: ["conv_kernel_size"],
    message: "the convolution of DeBERTa v2 xlarge and xxlarge is not supported",
  })
  .refine((c) => c.attention_head_size === undefined || c.attention_head_size * c.num_attention_heads === c.hidden_size, {
    path: ["attention_head_size"],
    message: "must be hidden_size divided by num_attention_heads",
  }) // biome-ignore format: one condition
  .refine((c) => c.position_buckets <= 0 || (c.position_buckets % 2 === 0 && c.position_buckets / 2 < maxDistanceOf(c) - 1), {
    path: ["position_buckets"],
    message: "must be even, and less than twice the longest distance, max_relative_positions",
  }); // biome-ignore format: one condition
type DebertaConfig = z.output<typeof DebertaConfig>;

/**
 * DeBERTa v2 and v3. Source: transformers, models/deberta_v2/modeling_deberta_v2.py; He et al. 2020, arXiv:2006.03654,
 * and 2021, arXiv:2111.09543.
 */
export const debertaV2 = defineArchitecture<DebertaConfig>({
  modelType: "deberta-v2",
  config: DebertaConfig,
  basePrefix: "deberta",
  targetModules: ["query_proj", "value_proj"],
  heads: ["pooler", "classifier", "cls", "lm_predictions", "mask_predictions"],
  trainedHeads: ["classifier"],
  adapterSites: { "attention.output.dense": "attention.output", "output.dense": "output" },
  layers: "deberta.encoder.layer",
  tasks: {
    SEQ_CLS(m, inputs, c, labels) {
      const h = m.within("deberta", (m) => encode(m, inputs, c));
      const pooled = m.within("pooler", (m) => {
        const first = m.dropout(firstToken(h), c.pooler_dropout);
        return activation(c.pooler_hidden_act, dense(m, "dense", first, c.hidden_size, { fresh: fresh(c) }));
      });
      return dense(m, "classifier", m.dropout(pooled, c.cls_dropout ?? c.hidden_dropout_prob), labels, { fresh: fresh(c) }); // biome-ignore format: one call
    },
    TOKEN_CLS(m, inputs, c, labels) {
      const h = m.within("deberta", (m) => encode(m, inputs, c));
      return dense(m, "classifier", m.dropout(h, c.hidden_dropout_prob), labels, { fresh: fresh(c) });
    },
    FEATURE_EXTRACTION: (m, inputs, c) => pooled(m, encode(m, inputs, c), inputs),
    MASKED_LM(m, inputs, c) {
      const h = predictedRows(m.within("deberta", (m) => encode(m, inputs, c)), inputs); // biome-ignore format: one call
      return c.legacy ? legacyHead(m, h, c) : predictionHead(m, h, c);
    },
  },
});

const WORDS = "embeddings.word_embeddings";

/** The head that transformers has by default, which published checkpoints of v3 lack. */
function legacyHead(m: ModuleScope, h: Value, c: DebertaConfig): Value {
  const x = m.within("cls.predictions.transform", (m) => {
    const intermediate = activation(
      c.hidden_act,
      dense(m, "dense", h, c.embedding_size ?? c.hidden_size, { fresh: fresh(c) }),
    );
    return norm(m, "LayerNorm", intermediate, c.layer_norm_eps, { fresh: fresh(c) });
  });
  const output = {
    embedding: `deberta.${WORDS}.weight`,
    weight: "cls.predictions.decoder.weight",
    bias: "cls.predictions.bias",
    ownBias: "cls.predictions.decoder.bias",
  };
  return maskedLogits(m, x, output, c);
}

/** The head of the published checkpoints, `legacy: false`: always tied to the word embeddings. */
function predictionHead(m: ModuleScope, h: Value, c: DebertaConfig): Value {
  const x = m.within("lm_predictions.lm_head", (m) => {
    const intermediate = activation(c.hidden_act, dense(m, "dense", h, c.hidden_size, { fresh: fresh(c) }));
    return norm(m, "LayerNorm", intermediate, c.layer_norm_eps, { fresh: fresh(c) });
  });
  const output = { embedding: `deberta.${WORDS}.weight`, weight: "", bias: "lm_predictions.lm_head.bias" };
  return maskedLogits(m, x, output, { ...c, tie_word_embeddings: true });
}

/** Embeddings and layers: ids → `[batch*seq, hidden]`. */
function encode(m: ModuleScope, inputs: ModelInputs, c: DebertaConfig): Value {
  let h = m.within("embeddings", (m) => embeddings(m, inputs, c));
  return m.within("encoder", (m) => {
    const table = c.relative_attention ? relativeTable(m, c) : undefined;
    for (let i = 0; i < c.num_hidden_layers; i++) {
      h = m.within(`layer.${i}`, (m) => block(m, h, c, (m) => selfAttention(m, h, inputs.mask, table, c)));
    }
    return h;
  });
}

function embeddings(m: ModuleScope, inputs: ModelInputs, c: DebertaConfig): Value {
  const width = c.embedding_size ?? c.hidden_size;
  let h = lookUp(m, "word_embeddings", flatten(inputs.ids), c.vocab_size, width, c.pad_token_id ?? undefined);
  if (c.position_biased_input) {
    const ids = positions(inputs.ids, { offset: 0 });
    h = add(h, lookUp(m, "position_embeddings", ids, c.max_position_embeddings, width));
  }
  if (c.type_vocab_size)
    h = add(h, lookUp(m, "token_type_embeddings", flatten(inputs.typeIds), c.type_vocab_size, width));
  if (width !== c.hidden_size) h = dense(m, "embed_proj", h, c.hidden_size, { bias: false });
  return m.dropout(norm(m, "LayerNorm", h, c.layer_norm_eps), c.hidden_dropout_prob);
}

/** The embeddings of relative positions, `[2·span, hidden]`, which all layers share. */
function relativeTable(m: ModuleScope, c: DebertaConfig): Value {
  const table = m.within("rel_embeddings", (m) => m.param("weight", [2 * spanOf(c), c.hidden_size]));
  return c.norm_rel_ebd.includes("layer_norm") ? norm(m, "LayerNorm", table, c.layer_norm_eps) : table;
}

const spanOf = (c: DebertaConfig): number => (c.position_buckets > 0 ? c.position_buckets : maxDistanceOf(c));

/**
 * Disentangled attention: beside contents with contents, the contents of queries with positions of keys (`c2p`), and
 * positions of queries with contents of keys (`p2c`).
 */
function selfAttention(m: ModuleScope, x: Value, mask: Value, table: Value | undefined, c: DebertaConfig): Value {
  const { hidden_size, num_attention_heads: heads, attention_probs_dropout_prob: probability } = c;
  const project = (name: string, x: Value): Value => dense(m, name, x, hidden_size);
  const [q, k, v] = [project("query_proj", x), project("key_proj", x), project("value_proj", x)];
  const [c2p, p2c] = [c.pos_att_type.includes("c2p"), c.pos_att_type.includes("p2c")];
  const scale = 1 / Math.sqrt((hidden_size / heads) * (1 + Number(c2p) + Number(p2c)));

  let bias: Value | undefined;
  if (table) {
    const embeddings = m.dropout(table, c.hidden_dropout_prob);
    const rows = (name: string, reversed = false): Value => {
      const of = { span: spanOf(c), maxDistance: maxDistanceOf(c), ...(c.position_buckets > 0 && { buckets: c.position_buckets }) }; // biome-ignore format: a list
      const ids = relativePositions(mask, { ...of, ...(reversed && { reversed }) });
      return project(c.share_att_key ? name : `pos_${name}`, embedding(ids, embeddings, {}));
    };
    if (c2p) bias = relativeScores(q, rows("key_proj"), mask, bias, { heads, scale });
    if (p2c) bias = relativeScores(k, rows("query_proj", true), mask, bias, { heads, scale, keys: true });
  }
  const drop = m.dropoutMask(["batch", heads, "seq", "seq"], probability);
  const attrs = { heads, scale, ...(drop && { keep: 1 - probability }) };
  return bias ? biasedAttention(q, k, v, mask, bias, drop, attrs) : attention(q, k, v, mask, drop, attrs);
}
