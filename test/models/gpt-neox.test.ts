import { gptNeoX } from "../../src/models/decoders/gpt-neox.ts";
import { checkDecoder } from "./check-decoder.ts";

const config = {
  vocab_size: 7,
  hidden_size: 16,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  rotary_emb_base: 50,
  attention_dropout: 0.1,
  hidden_dropout: 0.1,
  pad_token_id: 0,
};

checkDecoder(gptNeoX, {
  config,
  fixtures: ["causal/gpt_neox"],
  dropouts: [
    "gpt_neox.dropout",
    "gpt_neox.layers.0.attention.dropout",
    "gpt_neox.layers.0.dropout",
    "gpt_neox.layers.0.dropout_2",
  ],
  padded: [],
});
