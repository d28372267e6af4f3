import { expect } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import type { Checkpoint } from "../../src/formats/transformers/checkpoint.ts";
import { type Graph, nodeOf, type Value } from "../../src/ir/graph.ts";
import type { Tensor } from "../../src/ir/types.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { vocabularyLogits } from "../../src/ops/token-loss/vocabulary-logits.ts";
import { transpose } from "../../src/quant/transpose.ts";
import { openSession } from "../../src/session/node/index.ts";
import type { RuntimeTensor } from "../../src/session/session.ts";
import { classLoss, languageLoss } from "../../src/tasks/loss.ts";
import { toRuntime } from "../ops/check.ts";
import { randn } from "../tensors.ts";

/** Tensors by the names of inputs and parameters. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** Appends the loss that fits a graph: a language model's where it ends in an output layer. */
export const lossOf = (graph: Graph): Value => {
  const logits = graph.outputs.get("logits");
  return logits && nodeOf(logits)?.op === vocabularyLogits.op ? languageLoss(graph, {}) : classLoss(graph, {});
};

/** Adds the loss and the gradient of every parameter to the outputs. */
export function addTraining(graph: Graph): void {
  const loss = lossOf(graph);
  const seed = graph.constant({ dtype: "float32", shape: [] }, [1]);
  graph.outputs.set("loss", loss);
  const { params } = graph;
  backward(loss, params, seed).forEach((gradient, i) => {
    const { name } = params[i]!.origin;
    expect(gradient, `gradient of ${name}`).toBeDefined();
    graph.outputs.set(name, gradient!);
  });
}

/** Normal random weights, the same for the same name. */
export const randomWeights = (graph: Graph): Feeds =>
  Object.fromEntries(graph.params.map(({ origin: { name }, shape }) => [name, randn(name, shape as number[], 0.5)]));

/** A checkpoint's weights, as the graph has them. */
export async function weightsOf(graph: Graph, checkpoint: Checkpoint): Promise<Feeds> {
  const weights: Record<string, Tensor> = {};
  for (const { origin, shape } of graph.params) {
    const stored = await checkpoint.readFloat32(origin.name);
    const data = origin.transposed ? transpose(stored, shape[1] as number) : stored;
    weights[origin.name] = { data: Float64Array.from(data), shape: shape as number[] };
  }
  return weights;
}

/** Parameters and their shapes, as a checkpoint has them. */
export const shapesOf = (graph: Graph): Record<string, unknown> =>
  Object.fromEntries(
    graph.params.map(({ origin: { name, transposed }, shape }) => [name, transposed ? shape.toReversed() : shape]),
  );

/** Tensors of a checkpoint and their shapes. */
export const shapesIn = ({ tensors }: Checkpoint): Record<string, unknown> =>
  Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));

/** The graph's outputs on ONNX Runtime. */
export async function runOnEngine(graph: Graph, feeds: Feeds): Promise<Record<string, Tensor>> {
  const model = emitOnnx(graph);
  const session = await openSession(model, { weights: new Map(), threads: 1 });
  try {
    const inputs = model.inputs.map(({ name, type }) => [name, toRuntime(type.dtype, feeds[name]!)]);
    const results = await session.run(Object.fromEntries(inputs));
    const tensor = ({ data, shape }: RuntimeTensor): Tensor => ({
      data: Float64Array.from(data as Float32Array),
      shape,
    });
    return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, tensor(result)]));
  } finally {
    await session.close();
  }
}

/** The largest difference is below `tolerance`, relative to the largest number where that is above 1. */
export function expectClose(actual: ArrayLike<number>, wanted: ArrayLike<number>, what: string, tolerance: number) {
  expect(actual.length, `length of ${what}`).toBe(wanted.length);
  const size = Math.max(1, ...Array.from(wanted, Math.abs));
  const gap = Math.max(...Array.from(actual, (x, i) => Math.abs(x - wanted[i]!)));
  expect(gap / size, what).toBeLessThan(tolerance);
}
