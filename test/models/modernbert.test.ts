import { modernbert } from "../../src/models/modernbert.ts";
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
};

checkArchitecture(modernbert, config, ["modernbert", "modernbert-mean", "modernbert-tokens"]);
