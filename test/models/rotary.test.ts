import { expect, test } from "vitest";
import { CheckpointError } from "../../src/errors.ts";
import { llama } from "../../src/models/decoders/llama.ts";
import { rotary } from "../../src/models/parts/rotary.ts";

const config = { max_position_embeddings: 64, rope_theta: 16 };
const given = { low_freq_factor: 1, high_freq_factor: 4, truncate: true };

test("pair i of n turns by theta^(−i/n) radians a token", () => {
  expect(rotary(config, 8).frequencies).toEqual([1, 0.5, 0.25, 0.125]);
});

test("a part of a head turns where partial_rotary_factor says so", () => {
  expect(rotary({ ...config, partial_rotary_factor: 0.5 }, 8).frequencies).toEqual([1, 0.25]);
  const spelled = { ...given, partial_rotary_factor: 0.5 };
  expect(rotary({ ...config, rope_parameters: spelled }, 8).frequencies).toEqual([1, 0.25]);
});

test("the base is the parameters' own, else the config's, else the family's", () => {
  const second = (keys: object): number => rotary({ max_position_embeddings: 64, ...keys }, 4, 100).frequencies[1]!;
  expect(second({})).toBeCloseTo(0.1);
  expect(second({ rope_theta: 16 })).toBeCloseTo(0.25);
  expect(second({ rope_theta: 16, rope_parameters: { ...given, rope_theta: 4 } })).toBeCloseTo(0.5);
});

test("longrope divides by its short factors or its long ones, and grows with the logarithm of the stretch", () => {
  const lists = { short_factor: [1, 2, 4, 8], long_factor: [2, 4, 8, 16] };
  const rope_scaling = { ...given, type: "longrope" as const, ...lists };
  const { frequencies, beyond, scale } = rotary({ ...config, original_max_position_embeddings: 16, rope_scaling }, 8);
  expect(frequencies).toEqual([1, 0.25, 0.0625, 0.015625]);
  expect(beyond).toEqual({ length: 16, frequencies: [0.5, 0.125, 0.03125, 0.0078125] });
  expect(scale).toBeCloseTo(Math.sqrt(1 + Math.log(4) / Math.log(16)));
});

test("a kind of stretching that is not known is refused with those that are", () => {
  const tiny = { vocab_size: 7, hidden_size: 8, intermediate_size: 8, num_hidden_layers: 1, num_attention_heads: 2 };
  const build = (): unknown => llama.build({ ...tiny, rope_scaling: { type: "dynamic", factor: 2 } }, "CAUSAL_LM", 0);
  expect(build).toThrow(CheckpointError);
  expect(build).toThrow(/not describe a llama: rope_scaling.type: .*"linear".*"llama3".*"yarn".*"longrope"/);
});
