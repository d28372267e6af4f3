import { describe, expect, test } from "vitest";
import { starter } from "../../src/assemble/starts.ts";
import { Random } from "../../src/random.ts";

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
