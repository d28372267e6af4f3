import { distilbert } from "../../src/models/encoders/distilbert.ts";
import { checkArchitecture } from "./check.ts";

const config = {
  vocab_size: 7,
  dim: 8,
  n_layers: 2,
  n_heads: 2,
  hidden_dim: 12,
  activation: "relu",
  max_position_embeddings: 12,
  pad_token_id: 0,
};

checkArchitecture(distilbert, {
  config,
  fixtures: ["distilbert", "distilbert-tokens", "masked/distilbert"],
  dropouts: [
    "distilbert.embeddings.dropout",
    "distilbert.transformer.layer.0.attention.dropout",
    "distilbert.transformer.layer.0.ffn.dropout",
    "dropout",
  ],
  padded: ["distilbert.embeddings.word_embeddings.weight"],
});
