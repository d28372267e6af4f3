import { mistral } from "../../src/models/decoders/mistral.ts";
import { checkDecoder } from "./check-decoder.ts";

const config = {
  vocab_size: 7,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  sliding_window: 3,
  rope_theta: 50,
  pad_token_id: 0,
};

checkDecoder(mistral, {
  config,
  fixtures: ["causal/mistral"],
  dropouts: [],
  padded: ["model.embed_tokens.weight"],
});
