import { describe, expect, test } from "vitest";
import { CheckpointError } from "../../src/errors.ts";
import { ARCHITECTURES } from "../../src/models/index.ts";
import { rotary } from "../../src/models/parts/rotary.ts";
import defaults from "../parity/fixtures/config-defaults.json" with { type: "json" };

const configs = Object.entries(defaults.defaults) as [string, Readonly<Record<string, unknown>>][];
const of = (modelType: string) => ARCHITECTURES.find((one) => one.modelType === modelType)!;
const check = (modelType: string, config: object): void => of(modelType).checkConfig(config, "base/config.json");

test("transformers' own configuration of every architecture is accepted", () => {
  expect(configs.map(([modelType]) => modelType).sort()).toEqual(ARCHITECTURES.map((one) => one.modelType).sort());
  for (const [modelType, config] of configs) check(modelType, config);
});

describe("a count that no model has is refused, with the key", () => {
  const counts =
    /^(num_.*_heads|num_hidden_layers|hidden_size|intermediate_size|head_dim|vocab_size|n_heads?|n_layers?|dim|hidden_dim|n_embd|n_positions|max_position_embeddings|embedding_size)$/;
  for (const [modelType, config] of configs) {
    const keys = Object.keys(config).filter((key) => counts.test(key));
    test(`${modelType}: ${keys.join(", ")}`, () => {
      expect(keys.length).toBeGreaterThan(4);
      for (const key of keys) {
        for (const value of [-1, 0, 1.5, "12", 1e9, 2 ** 32, true]) {
          const wrong = { ...config, [key]: value };
          if (key === "max_position_embeddings" && modelType === "modernbert") continue; // not read
          expect(() => check(modelType, wrong), `${key}: ${value}`).toThrow(CheckpointError);
          expect(() => check(modelType, wrong), `${key}: ${value}`).toThrow(key);
          expect(() => check(modelType, wrong), `${key}: ${value}`).toThrow("base/config.json");
        }
      }
    });
  }
});

test.each([
  ["bert", { num_attention_heads: 7 }, "num_attention_heads of config.json is 7.\n  at: base/config.json: num_attention_heads\n  expected: a divisor of hidden_size, which is 768"],
  ["distilbert", { n_heads: 5 }, "expected: a divisor of dim, which is 768"],
  ["gpt2", { n_head: 5 }, "expected: a divisor of n_embd, which is 768"],
  ["llama", { num_key_value_heads: 5 }, "num_key_value_heads of config.json is 5.\n  at: base/config.json: num_key_value_heads\n  expected: a divisor of num_attention_heads, which is 32"],
  ["llama", { rms_norm_eps: -1 }, "expected: a number from 0"],
  ["llama", { rope_parameters: { rope_theta: 0 } }, "rope_parameters.rope_theta"],
  ["bert", { hidden_dropout_prob: 1 }, "expected: a number from 0, below 1"],
  ["bert", { attention_probs_dropout_prob: -0.5 }, "attention_probs_dropout_prob of config.json is -0.5."],
  ["gpt_neox", { rotary_pct: 2 }, "expected: a number above 0, up to 1"],
  ["gemma2", { attn_logit_softcapping: 0 }, "expected: a number above 0"],
  ["mistral", { sliding_window: 0 }, "expected: a whole number from 1 to 100,000,000"],
])("%s with %j is refused", (modelType, keys, message) => {
  const config = { ...defaults.defaults[modelType as "bert"], ...keys };
  expect(() => check(modelType, config)).toThrow(message);
}); // biome-ignore format: a table

test("a width that heads do not divide is accepted where head_dim says theirs", () => {
  check("qwen3", {
    ...defaults.defaults.qwen3,
    num_attention_heads: 6,
    num_key_value_heads: 2,
    hidden_size: 32,
    head_dim: 8,
  });
});

describe("rope_scaling and rope_parameters: the one that is not empty, as in transformers", () => {
  const thetaOf = (config: object): number => {
    const parsed = of("llama").build(
      { ...defaults.defaults.llama, num_hidden_layers: 1, vocab_size: 9, ...config },
      "CAUSAL_LM",
      0,
    );
    const node = parsed.values.flatMap(({ origin }) => (origin.kind === "node" && origin.node.op.name === "Rope" ? [origin.node.attrs] : []))[0] as { frequencies: number[] }; // biome-ignore format: one call
    return 1 / (node.frequencies[1] as number) ** (128 / 2);
  };
  test.each([
    ["{} beside rope_parameters", { rope_scaling: {}, rope_parameters: { rope_theta: 500000 } }, 500000],
    ["{} as rope_parameters beside rope_theta", { rope_scaling: null, rope_parameters: {}, rope_theta: 7000 }, 7000],
    ["both empty", { rope_scaling: {}, rope_parameters: {}, rope_theta: 7000 }, 7000],
    ["neither", { rope_parameters: undefined, rope_theta: 7000 }, 7000],
    ["both full: rope_scaling", { rope_scaling: { type: "default", rope_theta: 300 }, rope_parameters: { rope_theta: 500000 } }, 300],
    ["rope_scaling beside a theta of its own", { rope_scaling: { type: "default" }, rope_parameters: {}, rope_theta: 7000 }, 7000],
  ])("%s", (_, config, theta) => {
    expect(thetaOf(config)).toBeCloseTo(theta, -1);
  }); // biome-ignore format: a table
  test("the parsed settings are used as they are", () => {
    expect(rotary({ max_position_embeddings: 16, rope_theta: 100 }, 4).frequencies).toEqual([1, 0.1]);
  });
});
