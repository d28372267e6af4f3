import { expect, test } from "vitest";
import { perplexity } from "../../src/metrics/perplexity.ts";

test("a model that guesses among 50 tokens has perplexity 50", () =>
  expect(perplexity(8 * Math.log(50), 8)).toBeCloseTo(50, 10));

test("needs a token", () =>
  expect(() => perplexity(0, 0)).toThrow(/No token was predicted.*\n {2}hint: every label of the split is masked/));
