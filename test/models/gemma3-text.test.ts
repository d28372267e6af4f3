import { expect, test } from "vitest";
import { gemma3Text } from "../../src/models/decoders/gemma3-text.ts";
import { checkDecoder, windowsOf } from "./check-decoder.ts";

const config = {
  vocab_size: 7,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 6,
  query_pre_attn_scalar: 5,
  sliding_window: 3,
  sliding_window_pattern: 2,
  rope_theta: 90,
  rope_local_base_freq: 20,
  pad_token_id: 0,
};

checkDecoder(gemma3Text, {
  config,
  fixtures: ["causal/gemma3_text"],
  dropouts: [],
  padded: ["model.embed_tokens.weight"],
});

test("all but every sixth layer see only a window, unless the config says otherwise", () => {
  const { sliding_window_pattern: _, ...unsaid } = config;
  const types = { layer_types: ["full_attention", "full_attention", "sliding_attention"] };
  expect(windowsOf(gemma3Text, config)).toEqual([2, undefined, 2]);
  expect(windowsOf(gemma3Text, { ...unsaid, num_hidden_layers: 7 })).toEqual([2, 2, 2, 2, 2, undefined, 2]);
  expect(windowsOf(gemma3Text, { ...config, ...types })).toEqual([undefined, undefined, 2]);
});
