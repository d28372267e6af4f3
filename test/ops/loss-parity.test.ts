import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph } from "../../src/ir/graph.ts";
import { crossEntropy, IGNORED_LABEL } from "../../src/ops/nn/cross-entropy.ts";
import { reduceSum } from "../../src/ops/shape/shape.ts";
import { tokenLoss } from "../../src/ops/token-loss/token-loss.ts";
import { fixture } from "../running.ts";

interface Case {
  readonly weights: readonly number[] | null;
  readonly smoothing: number;
  readonly logits: readonly number[];
  readonly labels: readonly number[];
  /** Mean over labels, weighted. */
  readonly loss: number;
  readonly gradient: readonly number[];
}

const cases: readonly Case[] = JSON.parse(readFileSync(fixture("losses/cross-entropy.json"), "utf8"));

test.each(cases)("loss and gradient of torch's cross_entropy, weights $weights, smoothing $smoothing", (given) => {
  const { labels, loss, gradient, smoothing } = given;
  const shape = [labels.length, given.logits.length / labels.length];
  const weights = given.weights ?? undefined;
  const graph = new Graph();
  const logits = graph.input("logits", { dtype: "float32", shape });
  const total = crossEntropy(logits, graph.input("labels", { dtype: "int64", shape: shape.slice(0, 1) }), {
    ...(weights && { weights }),
    smoothing,
  });
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

/** An output layer of 7 tokens and 3 hidden numbers, and the gradients of its mean loss. */
interface Smoothed {
  readonly smoothing: number;
  readonly softcap: number | null;
  readonly labels: readonly number[];
  /** LabelSmoother's, in float32 in part. */
  readonly loss: number;
  readonly exact: number;
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly bias: readonly number[];
  readonly dx: readonly number[];
  readonly dw: readonly number[];
  readonly dbias: readonly number[];
}

const smoothed: readonly Smoothed[] = JSON.parse(readFileSync(fixture("losses/label-smoother.json"), "utf8"));
const SHAPES = { x: [6, 3], w: [7, 3], bias: [7] };

test.each(smoothed)(
  "a token loss is transformers' LabelSmoother's, smoothing $smoothing, softcap $softcap",
  (given) => {
    const { smoothing, softcap, labels, loss, exact } = given;
    const graph = new Graph();
    const names = ["x", "w", "bias"] as const;
    const [x, w, bias] = names.map((name) => graph.input(name, { dtype: "float32", shape: SHAPES[name] }));
    const attrs = { chunks: 3, smoothing, ...(softcap !== null && { softcap }) };
    const losses = tokenLoss(x!, w!, graph.input("labels", { dtype: "int64", shape: [6] }), bias!, attrs);
    const total = reduceSum(losses, { axes: [0] });
    const gradients = backward(total, [x!, w!, bias!], graph.input("seed", { dtype: "float32", shape: [] }));
    const count = labels.filter((label) => label !== IGNORED_LABEL).length;
    const [found, ...slopes] = evaluate(graph, [total, ...gradients.map((gradient) => gradient!)], {
      ...Object.fromEntries(names.map((name) => [name, { data: Float64Array.from(given[name]), shape: SHAPES[name] }])),
      labels: { data: Float64Array.from(labels), shape: [6] },
      seed: { data: Float64Array.of(1 / count), shape: [] },
    });
    expect(found!.data[0]! / count).toBeCloseTo(loss, 6);
    expect(found!.data[0]! / count).toBeCloseTo(exact, 12);
    for (const [i, name] of names.entries())
      given[`d${name}`].forEach((wanted, at) => void expect(slopes[i]!.data[at], `d${name}`).toBeCloseTo(wanted, 12));
  },
);
