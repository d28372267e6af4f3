import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clip, gradNorm } from "../../src/optim/clip.ts";

describe("gradNorm", () => {
  test("is the root of the sum of squares over all gradients", () => {
    const floats = fc.float32Array({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(floats), (grads) => {
        const expected = Math.sqrt(grads.reduce((sum, grad) => grad.reduce((s, g) => s + g * g, sum), 0));
        expect(Math.abs(gradNorm(grads) - expected)).toBeLessThanOrEqual(1e-12 * expected);
      }),
    );
  });

  test("adds up in float64", () => expect(gradNorm([new Float32Array(2 ** 22).fill(2 ** 100)])).toBe(2 ** 111));

  test("shows a gradient that is not finite", () => {
    expect(gradNorm([new Float32Array([1, Number.NaN])])).toBeNaN();
    expect(gradNorm([new Float32Array([1, -Infinity])])).toBe(Infinity);
  });
});

describe("clip", () => {
  test("scales to the norm asked for and returns the one before", () => {
    const grads = [new Float32Array([3]), new Float32Array([0, 4])];
    expect(clip(grads, 1)).toBe(5);
    expect(grads).toEqual([new Float32Array([3 / (5 + 1e-6)]), new Float32Array([0, 4 / (5 + 1e-6)])]);
  });

  test("holds back where the norm is near 1e-6, as torch", () => {
    const grads = [new Float32Array([1e-6])];
    clip(grads, 1e-6);
    expect(grads[0]![0]).toBeCloseTo(0.5e-6, 12);
  });

  test.each([5.1, Infinity])("leaves smaller gradients alone: %d", (maxNorm) => {
    const grads = [new Float32Array([3, 4])];
    expect(clip(grads, maxNorm)).toBe(5);
    expect(grads).toEqual([new Float32Array([3, 4])]);
  });
});
