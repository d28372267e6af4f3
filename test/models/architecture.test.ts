import { describe, expect, test } from "vitest";
import { ArchitectureError, CheckpointError } from "../../src/errors.ts";
import { ARCHITECTURES } from "../../src/models/index.ts";
import { selectArchitecture } from "../../src/models/parts/architecture.ts";

const MODERNBERT = {
  vocab_size: 7,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 6,
};
const LLAMA = MODERNBERT;
const GPT2 = { vocab_size: 7, n_embd: 8, n_layer: 2, n_head: 2, n_positions: 12 };
const BERT = { ...MODERNBERT, max_position_embeddings: 12 };

test("every architecture is found by its model_type", () => {
  for (const architecture of ARCHITECTURES) {
    expect(selectArchitecture(ARCHITECTURES, architecture.modelType)).toBe(architecture);
  }
  expect(new Set(ARCHITECTURES.map(({ modelType }) => modelType)).size).toBe(ARCHITECTURES.length);
});

test("an unknown model_type is refused with the list of those that are known", () => {
  const select = (): unknown => selectArchitecture(ARCHITECTURES, "t5");
  expect(select).toThrow(ArchitectureError);
  expect(select).toThrow(/t5 is not supported/);
  for (const { modelType } of ARCHITECTURES) expect(select).toThrow(modelType);
});

test("an odd model_type is shown quoted and cut", () => {
  expect(() => selectArchitecture(ARCHITECTURES, `\u001b[2J${"x".repeat(5000)}`)).toThrow(
    /^the architecture "\\u001b\[2Jx{76}" is not supported/,
  );
});

describe("a config that does not describe the model is refused by the name of its key", () => {
  test.each([
    ["bert", { ...BERT, hidden_size: undefined }, /not describe a bert: hidden_size/],
    ["bert", { ...BERT, hidden_act: "mish" }, /hidden_act: .*"gelu".*"relu"/],
    ["roberta", { ...BERT, pad_token_id: null }, /pad_token_id/],
    ["electra", BERT, /embedding_size/],
    ["distilbert", BERT, /dim: .*n_layers: .*n_heads: .*hidden_dim/],
    ["modernbert", { ...MODERNBERT, classifier_pooling: "max" }, /classifier_pooling/],
    ["modernbert", { ...MODERNBERT, layer_types: ["full_attention"] }, /layer_types: .*num_hidden_layers/],
    [
      "modernbert",
      { ...MODERNBERT, rope_parameters: { full_attention: { rope_type: "yarn" } } },
      /rope_parameters.full_attention.rope_type/,
    ],
    ["llama", { ...LLAMA, hidden_size: undefined }, /not describe a llama: hidden_size/],
    ["qwen3", { ...LLAMA, layer_types: ["full_attention"] }, /layer_types: .*num_hidden_layers/],
    ["smollm3", { ...LLAMA, layer_types: ["full_attention", "chunked"] }, /layer_types.1/],
    ["gemma2", { ...LLAMA, use_bidirectional_attention: true }, /use_bidirectional_attention/],
    [
      "gemma3_text",
      { ...LLAMA, rope_parameters: { full_attention: { rope_type: "proportional" } } },
      /rope_parameters.full_attention.rope_type/,
    ],
    ["gpt2", { ...GPT2, add_cross_attention: true }, /add_cross_attention/],
    ["gpt_neox", { ...LLAMA, hidden_act: "relu6" }, /hidden_act/],
  ])("%s %#", (modelType, config, message) => {
    const build = (): unknown => selectArchitecture(ARCHITECTURES, modelType).build(config, "SEQ_CLS", 2);
    expect(build).toThrow(CheckpointError);
    expect(build).toThrow(message);
  });
});
