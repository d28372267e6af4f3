import { describe, expect, test } from "vitest";
import { GgufKeys } from "../../../src/formats/gguf/keys.ts";
import { ropeScaling } from "../../../src/formats/gguf/model/rope.ts";
import { ropeFactors } from "../../../src/formats/gguf/model/rope-factors.ts";
import type { JsonObject } from "../../../src/formats/json/json.ts";

const keys = new GgufKeys(new Map(), "llama", "model.gguf");
const [theta, dims] = [500_000, 64];
const config = (rope: JsonObject): JsonObject => ({ rope_theta: theta, head_dim: dims, rope_scaling: rope });
const readBack = (rope: JsonObject) => ropeScaling(keys, ropeFactors(config(rope)), { theta, dims });

describe("Llama 3's scaling of rotary frequencies", () => {
  const meta = { rope_type: "llama3", factor: 32, low_freq_factor: 1, high_freq_factor: 4 };

  test("with Meta's constants comes back as it was", () => {
    const rope = { ...meta, original_max_position_embeddings: 8192 };
    expect(readBack(rope)).toEqual(rope);
  });

  test.each([
    ["a shorter first training", { ...meta, original_max_position_embeddings: 2048 }],
    ["a wider range", { ...meta, low_freq_factor: 0.5, high_freq_factor: 20, original_max_position_embeddings: 8192 }],
    ["another factor", { ...meta, factor: 8, high_freq_factor: 6, original_max_position_embeddings: 16_384 }],
  ])("with %s comes back as one of the same factors", (_, rope) => {
    const [wanted, found] = [rope, readBack(rope)].map((rope) =>
      ropeFactors(config(rope ?? {})).get("rope_freqs.weight"),
    );
    expect(wanted?.some((factor) => factor > 1 && factor < rope.factor)).toBe(true);
    expect(found).toHaveLength(wanted?.length as number);
    for (const [i, factor] of (wanted ?? []).entries()) expect(found?.[i]).toBeCloseTo(factor, 3);
  });
});
