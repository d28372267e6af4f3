import { distilbert } from "../../src/models/distilbert.ts";
import { checkArchitecture } from "./check.ts";

const config = {
  vocab_size: 7,
  dim: 8,
  n_layers: 2,
  n_heads: 2,
  hidden_dim: 12,
  activation: "relu",
  max_position_embeddings: 12,
};

checkArchitecture(distilbert, config, ["distilbert", "distilbert-tokens"]);
