import { expect, test } from "vitest";
import { qwen3 } from "../../src/models/decoders/qwen3.ts";
import { checkDecoder } from "./check-decoder.ts";

const config = {
  vocab_size: 7,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 6,
  rope_theta: 50,
  pad_token_id: 0,
};

checkDecoder(qwen3, {
  config,
  fixtures: ["causal/qwen3"],
  dropouts: [],
  padded: ["model.embed_tokens.weight"],
});

test("a head is 128 wide where the config does not say", () => {
  const { head_dim: _, ...unsaid } = config;
  const graph = qwen3.build(unsaid, "CAUSAL_LM", 0);
  expect(graph.named("model.layers.0.self_attn.q_norm.weight")?.shape).toEqual([128]);
});
