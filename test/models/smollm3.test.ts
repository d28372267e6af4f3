import { expect, test } from "vitest";
import { nodeOf } from "../../src/ir/graph.ts";
import { smollm3 } from "../../src/models/decoders/smollm3.ts";
import { rope } from "../../src/ops/attention/rope.ts";
import { checkDecoder, windowsOf } from "./check-decoder.ts";

const config = {
  vocab_size: 7,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  no_rope_layers: [1, 0, 1, 1],
  use_sliding_window: true,
  sliding_window: 3,
  rope_theta: 50,
  pad_token_id: 0,
};

checkDecoder(smollm3, {
  config,
  fixtures: ["causal/smollm3"],
  dropouts: [],
  padded: ["model.embed_tokens.weight"],
});

test("layers without positions are those listed, or else every fourth", () => {
  const turning = (extra: object): string[] =>
    smollm3
      .build({ ...config, ...extra }, "CAUSAL_LM", 0)
      .values.flatMap((value) => (nodeOf(value)?.op === rope.op ? [nodeOf(value)!.module] : []))
      .map((module) => module.split(".")[2]!);
  expect([...new Set(turning({}))]).toEqual(["0", "2", "3"]);
  expect([...new Set(turning({ no_rope_layers: null }))]).toEqual(["0", "1", "2"]);
});

test("layers without positions see only a window, unless layer_types says otherwise", () => {
  const types = { layer_types: ["sliding_attention", "full_attention", "full_attention", "full_attention"] };
  expect(windowsOf(smollm3, config)).toEqual([undefined, 2, undefined, undefined]);
  expect(windowsOf(smollm3, { ...config, ...types })).toEqual([2, undefined, undefined, undefined]);
});
