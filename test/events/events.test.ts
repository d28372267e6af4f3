import { expect, test } from "vitest";
import { snakeCaseKeys, toLogRecord } from "../../src/events/events.ts";

test("keys become snake_case at every depth, values stay", () => {
  expect(snakeCaseKeys({ peakRssBytes: 1, memoryBytes: { quantizedWeights: 2 }, list: [{ gradNorm: "aB" }] })).toEqual({
    peak_rss_bytes: 1,
    memory_bytes: { quantized_weights: 2 },
    list: [{ grad_norm: "aB" }],
  });
});

test("a step's record has the keys of metrics.jsonl, in their order", () => {
  const figures = { epoch: 0.01, loss: 2.9, learningRate: 1e-3, gradNorm: 0.8, numTokens: 1180 };
  const record = toLogRecord({ kind: "step", step: 1, steps: 9, ...figures, tokensPerSecond: 1500, rssBytes: 5 });
  expect(JSON.stringify(record)).toBe(
    '{"event":"step","step":1,"epoch":0.01,"loss":2.9,"learning_rate":0.001,"grad_norm":0.8,' +
      '"num_tokens":1180,"tokens_per_second":1500,"rss_bytes":5}',
  );
});

test("an evaluation keeps the names of classes as they are", () => {
  const scores = { precision: 1, recall: 1, f1: 1, support: 3 };
  const metrics = { eval_loss: 0.5, eval_samples: 3, eval_per_class: { GoverningLaw: scores } };
  expect(toLogRecord({ kind: "eval", step: 4, epoch: 1, metrics })).toEqual({
    event: "eval",
    step: 4,
    epoch: 1,
    ...metrics,
  });
});
