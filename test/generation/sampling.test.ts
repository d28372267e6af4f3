import { describe, expect, test } from "vitest";
import { chooseToken, type SamplingOptions } from "../../src/generation/sampling.ts";
import { Random } from "../../src/random.ts";

const LOGITS = Float32Array.of(1, 3, 2.5, -1, 3);

/** How often each token is drawn, in 4,000 draws. */
function shares(options: SamplingOptions, before: number[] = []): number[] {
  const random = Random.seed(1).stream("draws");
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) counts[chooseToken(LOGITS, before, options, random)]! += 1 / 4000;
  return counts;
}

const softmax = (logits: readonly number[]): number[] => {
  const powers = logits.map(Math.exp);
  return powers.map((power) => power / powers.reduce((a, b) => a + b, 0));
};

function expectClose(found: readonly number[], wanted: readonly number[]): void {
  found.forEach((share, i) => {
    expect(share, `token ${i}`).toBeCloseTo(wanted[i]!, 1);
  });
}

describe("the next token", () => {
  test("is the likeliest at temperature 0, of equal ones the first", () => {
    expect(chooseToken(LOGITS, [], {}, Random.seed(0))).toBe(1);
  });

  test("is drawn by its probability", () => {
    expectClose(shares({ temperature: 1 }), softmax([1, 3, 2.5, -1, 3]));
    expectClose(shares({ temperature: 2 }), softmax([0.5, 1.5, 1.25, -0.5, 1.5]));
  });

  test("top-k leaves the k likeliest", () => {
    const found = shares({ temperature: 1, topK: 2 });
    expect([found[0], found[2], found[3]]).toEqual([0, 0, 0]);
    expectClose(found, [0, 0.5, 0, 0, 0.5]);
  });

  test("top-p leaves the fewest that make up p, one at least", () => {
    // softmax: .05 .37 .23 .01 .37 — two make up .74, three .97
    expect(shares({ temperature: 1, topP: 0.7 })[2]).toBe(0);
    expect(shares({ temperature: 1, topP: 0.8 })[2]).toBeGreaterThan(0.15);
    expect(shares({ temperature: 1, topP: 0.8 })[0]).toBe(0);
    expect(shares({ temperature: 1, topP: 0.01 })).toEqual([0, expect.closeTo(1), 0, 0, 0]);
  });

  test("a token that is there already is less likely, below zero too", () => {
    expect(chooseToken(LOGITS, [1, 1, 3], { repetitionPenalty: 2 }, Random.seed(0))).toBe(4);
    expectClose(shares({ temperature: 1, repetitionPenalty: 2 }, [1, 3]), softmax([1, 1.5, 2.5, -2, 3]));
    expect([...LOGITS]).toEqual([1, 3, 2.5, -1, 3]);
  });
});
