import { expect, test } from "vitest";
import { nodeOf } from "../../src/ir/graph.ts";
import { modernbert } from "../../src/models/encoders/modernbert.ts";
import { attention } from "../../src/ops/attention/attention.ts";
import { checkArchitecture } from "./check.ts";

const config = {
  vocab_size: 7,
  hidden_size: 8,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  intermediate_size: 6,
  local_attention: 4,
  layer_types: ["sliding_attention", "full_attention", "sliding_attention"],
  pad_token_id: 0,
  embedding_dropout: 0.1,
  attention_dropout: 0.1,
  mlp_dropout: 0.1,
  classifier_dropout: 0.1,
};

checkArchitecture(modernbert, {
  config,
  fixtures: ["modernbert", "modernbert-mean", "modernbert-tokens", "masked/modernbert"],
  dropouts: [
    "model.embeddings.dropout",
    "model.layers.0.attn.dropout",
    "model.layers.0.attn.dropout_2",
    "model.layers.0.mlp.dropout",
    "dropout",
  ],
  padded: ["model.embeddings.tok_embeddings.weight"],
});

test("layer_types, or else global_attn_every_n_layers, say which layers see only a window", () => {
  const windows = (extra: object): unknown[] =>
    modernbert
      .build({ ...config, ...extra }, "SEQ_CLS", 2)
      .values.flatMap((value) => (nodeOf(value)?.op === attention.op ? [nodeOf(value)?.attrs.window] : []));
  expect(windows({})).toEqual([2, undefined, 2]);
  expect(windows({ layer_types: null, global_attn_every_n_layers: 2 })).toEqual([undefined, 2, undefined]);
});
