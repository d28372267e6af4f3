import { xlmRoberta } from "../../src/models/encoders/xlm-roberta.ts";
import { checkArchitecture } from "./check.ts";

const config = {
  vocab_size: 7,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 12,
  type_vocab_size: 2,
  hidden_act: "silu",
  pad_token_id: 1,
};

checkArchitecture(xlmRoberta, {
  config,
  fixtures: ["xlm-roberta", "masked/xlm-roberta"],
  dropouts: [
    "roberta.embeddings.dropout",
    "roberta.encoder.layer.0.attention.self.dropout",
    "roberta.encoder.layer.0.attention.output.dropout",
    "roberta.encoder.layer.0.output.dropout",
    "classifier.dropout",
    "classifier.dropout_2",
  ],
  padded: ["roberta.embeddings.position_embeddings.weight", "roberta.embeddings.word_embeddings.weight"],
});
