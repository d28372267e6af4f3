import { expect, test } from "vitest";
import { gemma2 } from "../../src/models/decoders/gemma2.ts";
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
  attn_logit_softcapping: 2,
  final_logit_softcapping: 3,
  sliding_window: 3,
  rope_theta: 50,
  pad_token_id: 0,
};

checkDecoder(gemma2, {
  config,
  fixtures: ["causal/gemma2"],
  dropouts: [],
  padded: ["model.embed_tokens.weight"],
});

test("every other layer sees only a window, from the first on, unless layer_types says otherwise", () => {
  const types = { layer_types: ["full_attention", "full_attention", "sliding_attention"] };
  expect(windowsOf(gemma2, config)).toEqual([2, undefined, 2]);
  expect(windowsOf(gemma2, { ...config, ...types })).toEqual([undefined, undefined, 2]);
});

test("of a model from scratch the norms start at zero, which is one", () => {
  expect(gemma2.fresh("model.layers.0.input_layernorm.weight", config)).toEqual({ kind: "zeros" });
  expect(gemma2.fresh("model.norm.weight", config)).toEqual({ kind: "zeros" });
  expect(gemma2.fresh("model.layers.0.mlp.up_proj.weight", config)).toBeUndefined();
});
