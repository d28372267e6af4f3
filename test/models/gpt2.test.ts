import { expect, test } from "vitest";
import { gpt2 } from "../../src/models/decoders/gpt2.ts";
import { checkDecoder } from "./check-decoder.ts";

const config = {
  vocab_size: 7,
  n_embd: 8,
  n_inner: 12,
  n_layer: 2,
  n_head: 2,
  n_positions: 12,
  pad_token_id: 0,
};

checkDecoder(gpt2, {
  config,
  fixtures: ["causal/gpt2", "gpt2"],
  dropouts: [
    "transformer.dropout",
    "transformer.h.0.attn.dropout",
    "transformer.h.0.attn.dropout_2",
    "transformer.h.0.mlp.dropout",
  ],
  padded: [],
});

test("its linear layers are stored the other way round, heads and embeddings are not", () => {
  const { params } = gpt2.build(config, "TOKEN_CLS", 3);
  const transposed = params.flatMap(({ origin }) => (origin.transposed ? [origin.name] : []));
  expect(transposed.slice(0, 4)).toEqual([
    "transformer.h.0.attn.c_attn.weight",
    "transformer.h.0.attn.c_proj.weight",
    "transformer.h.0.mlp.c_fc.weight",
    "transformer.h.0.mlp.c_proj.weight",
  ]);
  expect(transposed).toHaveLength(8);
});

test("of a model from scratch what adds to the residual stream starts smaller, by the number of layers", () => {
  expect(gpt2.fresh("transformer.h.1.mlp.c_proj.weight", config)).toEqual({ kind: "normal", std: 0.02 / Math.sqrt(4) });
  expect(gpt2.fresh("transformer.h.0.attn.c_proj.weight", config)).toEqual({
    kind: "normal",
    std: 0.02 / Math.sqrt(4),
  });
  expect(gpt2.fresh("transformer.h.0.mlp.c_fc.weight", config)).toBeUndefined();
});
