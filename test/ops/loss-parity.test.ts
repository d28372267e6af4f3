import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph } from "../../src/ir/graph.ts";
import { crossEntropy, IGNORED_LABEL } from "../../src/ops/nn/cross-entropy.ts";
import { fixture } from "../running.ts";

interface Case {
  readonly weights: readonly number[] | null;
  readonly logits: readonly number[];
  readonly labels: readonly number[];
  /** Mean over labels, weighted. */
  readonly loss: number;
  readonly gradient: readonly number[];
}

const cases: readonly Case[] = JSON.parse(readFileSync(fixture("losses/cross-entropy.json"), "utf8"));

test.each(cases)("loss and gradient of torch's cross_entropy, weights $weights", (given) => {
  const { labels, loss, gradient } = given;
  const shape = [labels.length, given.logits.length / labels.length];
  const weights = given.weights ?? undefined;
  const graph = new Graph();
  const logits = graph.input("logits", { dtype: "float32", shape });
  const total = crossEntropy(
    logits,
    graph.input("labels", { dtype: "int64", shape: shape.slice(0, 1) }),
    weights ? { weights } : {},
  );
  const [dlogits] = backward(total, [logits], graph.input("seed", { dtype: "float32", shape: [] }));
  const divisor = labels.reduce((sum, label) => sum + (label === IGNORED_LABEL ? 0 : (weights?.[label] ?? 1)), 0);
  const [found, slope] = evaluate(graph, [total, dlogits!], {
    logits: { data: Float64Array.from(given.logits), shape },
    labels: { data: Float64Array.from(labels), shape: shape.slice(0, 1) },
    seed: { data: Float64Array.of(1 / divisor), shape: [] },
  });
  expect(found!.data[0]! / divisor).toBeCloseTo(loss, 12);
  gradient.forEach((wanted, i) => void expect(slope!.data[i]).toBeCloseTo(wanted, 12));
});
