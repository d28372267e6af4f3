import { expect, test } from "vitest";
import { CheckpointError } from "../../src/errors.ts";
import { phi3 } from "../../src/models/decoders/phi3.ts";
import { checkDecoder } from "./check-decoder.ts";

const config = {
  vocab_size: 7,
  hidden_size: 16,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  partial_rotary_factor: 0.5,
  sliding_window: 3,
  rope_theta: 50,
  attention_dropout: 0.1,
  resid_pdrop: 0.1,
  pad_token_id: 0,
};

checkDecoder(phi3, {
  config,
  fixtures: ["causal/phi3"],
  dropouts: ["model.layers.0.self_attn.dropout", "model.layers.0.dropout", "model.layers.0.dropout_2"],
  padded: ["model.embed_tokens.weight"],
});

test.each([
  ["short_factor", 3, { short_factor: [1, 2, 3], long_factor: [1, 2] }],
  ["long_factor", 1, { short_factor: [1, 2], long_factor: [1] }],
  ["long_factor", 0, { short_factor: [1, 2] }],
])("refuses a %s of %i numbers where two pairs turn", (list, count, factors) => {
  const rope_scaling = { type: "longrope", ...factors };
  const build = (): unknown => phi3.build({ ...config, rope_scaling }, "CAUSAL_LM", 0);
  expect(build).toThrow(CheckpointError);
  expect(build).toThrow(
    new RegExp(`rope_scaling.${list} of config.json contains ${count} numbers[\\s\\S]*2 numbers: one for each pair`),
  );
});

test("refuses a factor of 0, by which frequencies would be divided", () => {
  const rope_scaling = { type: "longrope", short_factor: [1, 0], long_factor: [1, 2] };
  const check = (): void => phi3.checkConfig({ ...config, rope_scaling }, "phi/config.json");
  expect(check).toThrow(CheckpointError);
  expect(check).toThrow(/rope_scaling.short_factor.1/);
});
