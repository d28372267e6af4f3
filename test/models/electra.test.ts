import { electra } from "../../src/models/encoders/electra.ts";
import { checkArchitecture } from "./check.ts";

const config = {
  vocab_size: 7,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 12,
  type_vocab_size: 2,
  embedding_size: 6,
  pad_token_id: 0,
};

checkArchitecture(electra, {
  config,
  fixtures: ["electra", "electra-tokens", "masked/electra"],
  dropouts: [
    "electra.embeddings.dropout",
    "electra.encoder.layer.0.attention.self.dropout",
    "electra.encoder.layer.0.attention.output.dropout",
    "electra.encoder.layer.0.output.dropout",
    "classifier.dropout",
    "classifier.dropout_2",
  ],
  padded: ["electra.embeddings.word_embeddings.weight"],
});
