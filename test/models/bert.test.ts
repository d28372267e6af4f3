import { bert } from "../../src/models/encoders/bert.ts";
import { checkArchitecture } from "./check.ts";

const config = {
  vocab_size: 7,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 12,
  type_vocab_size: 2,
  layer_norm_eps: 1e-3,
  pad_token_id: 0,
};

checkArchitecture(bert, {
  config,
  fixtures: ["bert", "bert-tokens", "masked/bert"],
  dropouts: [
    "bert.embeddings.dropout",
    "bert.encoder.layer.0.attention.self.dropout",
    "bert.encoder.layer.0.attention.output.dropout",
    "bert.encoder.layer.0.output.dropout",
    "dropout",
  ],
  padded: ["bert.embeddings.word_embeddings.weight"],
});
