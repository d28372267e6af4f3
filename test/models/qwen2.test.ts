import { expect, test } from "vitest";
import { qwen2 } from "../../src/models/decoders/qwen2.ts";
import { checkDecoder, windowsOf } from "./check-decoder.ts";

const config = {
  vocab_size: 7,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  use_sliding_window: true,
  sliding_window: 3,
  max_window_layers: 1,
  rope_parameters: { rope_type: "default", rope_theta: 50 },
  tie_word_embeddings: true,
  pad_token_id: 0,
};

checkDecoder(qwen2, {
  config,
  fixtures: ["causal/qwen2"],
  dropouts: [],
  padded: ["model.embed_tokens.weight"],
});

test("layer_types, or else max_window_layers, say which layers see only a window, if use_sliding_window does", () => {
  const types = { layer_types: ["sliding_attention", "full_attention", "full_attention"] };
  expect(windowsOf(qwen2, config)).toEqual([undefined, 2, 2]);
  expect(windowsOf(qwen2, { ...config, ...types })).toEqual([2, undefined, undefined]);
  expect(windowsOf(qwen2, { ...config, ...types, use_sliding_window: false })).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
