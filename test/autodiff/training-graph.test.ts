import { expect, test } from "vitest";
import { gradientOf, LOSS_SCALE, trainingGraph } from "../../src/autodiff/training-graph.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { print } from "../../src/ir/print.ts";
import { verify } from "../../src/ir/verify.ts";
import { runPasses } from "../../src/passes/pass.ts";
import { keepTrainable } from "../../src/passes/trainable.ts";
import { classificationLoss, feedsOf, tiny } from "../tiny.ts";

/** The training graph of `tiny`, where only the parameters under `trained` train. */
const trainingOf = (trained: string) =>
  trainingGraph(
    runPasses(tiny(), [keepTrainable((name) => name.startsWith(trained))], { training: true }),
    classificationLoss,
  );

test("has the loss and a gradient for each trainable parameter as outputs", () => {
  const graph = trainingOf("classifier");
  verify(graph);
  expect(print(graph)).toMatchInlineSnapshot(`
    "%0: float32[tokens,4] = input x
    %1: float32[3,4] = frozen layer.0.query.weight
    %2: float32[3] = frozen layer.0.query.bias
    %3: float32[tokens,3] = Linear(%0, %1, %2)
    %4: float32[2,3] = param classifier.weight
    %5: float32[2] = param classifier.bias
    %6: float32[tokens,2] = Linear(%3, %4, %5)
    %7: int64[tokens] = input labels
    %8: float32[] = CrossEntropy(%6, %7)
    %9: float32[] = input loss_scale
    %10: float32[tokens,2] = CrossEntropyBackward(%9, %6, %7)
    %11: float32[2,3] = MatMul(%10, %3) {"transA":true}
    %12: float32[2] = ReduceSum(%10) {"axes":[0]}
    %13: float32[2] = Reshape(%12) {"shape":[2]}
    return loss %8, gradient:classifier.weight %11, gradient:classifier.bias %13"
  `);
});

test("names gradients by their parameters and gives them their shapes", () => {
  const graph = trainingOf("");
  const trainable = graph.params.filter(({ origin }) => origin.trainable);
  expect([...graph.outputs.keys()]).toEqual(["loss", ...trainable.map(({ origin }) => gradientOf(origin.name))]);
  for (const { origin, shape } of trainable) expect(graph.outputs.get(gradientOf(origin.name))?.shape).toEqual(shape);
});

test("has no gradient for a parameter that the loss does not read", () => {
  const base = tiny();
  base.param("pooler.bias", { dtype: "float32", shape: [3] }, { trainable: true });
  const graph = trainingGraph(base, classificationLoss);
  expect(graph.outputs.has(gradientOf("pooler.bias"))).toBe(false);
  expect(graph.outputs.has(gradientOf("classifier.bias"))).toBe(true);
});

test("the scale multiplies every gradient and not the loss", () => {
  const graph = trainingOf("");
  const feeds = feedsOf(graph, { tokens: 3 });
  const run = (by: number) =>
    evaluate(graph, [...graph.outputs.values()], { ...feeds, [LOSS_SCALE]: { data: Float64Array.of(by), shape: [] } });
  const [[loss, ...whole], [same, ...half]] = [run(1), run(0.5)];
  expect(same).toEqual(loss);
  expect(half.map(({ data }) => data)).toEqual(whole.map(({ data }) => data.map((x) => x / 2)));
});
