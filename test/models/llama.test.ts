import { llama } from "../../src/models/decoders/llama.ts";
import { checkDecoder } from "./check-decoder.ts";

const config = {
  vocab_size: 7,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  rope_theta: 50,
  rms_norm_eps: 1e-3,
  attention_dropout: 0.1,
  pad_token_id: 0,
};

checkDecoder(llama, {
  config,
  fixtures: ["causal/llama", "llama"],
  dropouts: ["model.layers.0.self_attn.dropout"],
  padded: ["model.embed_tokens.weight"],
});
