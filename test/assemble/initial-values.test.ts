import { describe, expect, test } from "vitest";
import { starter } from "../../src/assemble/initial-values.ts";
import { quantizationOf } from "../../src/assemble/quantization.ts";
import type { QuantizationScheme } from "../../src/ir/graph.ts";
import { matMul } from "../../src/linalg/matmul.ts";
import { throughQuantization } from "../../src/quant/schemes/index.ts";
import { Random } from "../../src/random.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { recipeOf } from "../running.ts";

const R = 4;
const start = (seed: number) => starter(Random.seed(seed), () => Promise.reject(new Error("no base")));

async function factors(seed = 1, out = 30, columns = 50): Promise<[a: Float32Array, b: Float32Array]> {
  const draw = start(seed);
  const init = (part: "A" | "B") => ({ kind: "orthogonal", module: "query", r: R, part }) as const;
  return [await draw("query.A", init("A"), [R, columns]), await draw("query.B", init("B"), [out, R])];
}

describe("the orthogonal start", () => {
  test("gives an update of zero, of which neither factor is", async () => {
    const [a, b] = await factors();
    for (let row = 0; row < 30; row++) {
      for (let column = 0; column < 50; column++) {
        let sum = 0;
        for (let k = 0; k < R; k++) sum += b[row * R + k]! * a[k * 50 + column]!;
        expect(Math.abs(sum)).toBeLessThan(1e-7);
      }
    }
    expect(Math.hypot(...a)).toBeGreaterThan(0.1);
    expect(Math.hypot(...b)).toBeGreaterThan(0.1);
  });

  test("has PEFT's size: half the rank of unit rows under normal weights, a tenth of it", async () => {
    const [a, b] = await factors(2, 4000, 4000);
    for (const factor of [a, b]) {
      const meanSquare = factor.reduce((sum, x) => sum + x * x, 0) / factor.length;
      expect(meanSquare / (1 / 2 / 100)).toBeCloseTo(1, 1);
    }
  });

  test("depends on the seed alone", async () => {
    expect(await factors(3)).toEqual(await factors(3));
    expect(await factors(3)).not.toEqual(await factors(4));
  });
});

describe("the start at what quantization loses", () => {
  const [rows, columns] = [24, 64];
  const weight = new Float32Array(rows * columns);
  Random.seed(5).fillNormal(weight, 1);
  const norm = (x: ArrayLike<number>): number => Math.hypot(...Array.from(x));
  const parts = async (scheme?: QuantizationScheme, r = R) => {
    const ofWeight = starter(Random.seed(1), async () => ({ data: weight, rows }));
    const init = (part: "A" | "B") =>
      ({ kind: "quantizationError", of: "w", r, part, ...(scheme && { scheme }) }) as const;
    return [await ofWeight("A", init("A"), [r, columns]), await ofWeight("B", init("B"), [rows, r])] as const;
  };

  test.each([
    { load_in_4bit: true },
    { load_in_4bit: true, bnb_4bit_quant_type: "fp4", use_bnb_nested_quant: false },
    { load_in_8bit: true },
  ])("with %j brings it nearer to the weight, at full rank all the way", async (keys) => {
    const scheme = quantizationOf(resolveRecipe(recipeOf(keys))) as QuantizationScheme;
    const quantized = throughQuantization(weight, rows, scheme);
    const error = weight.map((x, i) => x - quantized[i]!);
    const left = async (r: number): Promise<number> => {
      const [a, b] = await parts(scheme, r);
      const update = matMul(Float64Array.from(b), Float64Array.from(a), r);
      return norm(error.map((x, i) => x - update[i]!)) / norm(error);
    };
    expect(await left(R)).toBeLessThan(0.9);
    expect(await left(rows)).toBeLessThan(1e-5);
  });

  test("is the usual one of a layer that is not quantized", async () => {
    const [a, b] = await parts();
    expect(Math.max(...a.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(columns));
    expect(norm(a)).toBeGreaterThan(0.5);
    expect(norm(b)).toBe(0);
  });
});
