import { olmo2 } from "../../src/models/decoders/olmo2.ts";
import { checkDecoder } from "./check-decoder.ts";

const config = {
  vocab_size: 7,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  rope_theta: 50,
  pad_token_id: 0,
};

checkDecoder(olmo2, {
  config,
  fixtures: ["causal/olmo2"],
  dropouts: [],
  padded: ["model.embed_tokens.weight"],
});
