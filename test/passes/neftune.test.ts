import { expect, test } from "vitest";
import { Graph } from "../../src/ir/graph.ts";
import { print } from "../../src/ir/print.ts";
import { flatten } from "../../src/models/parts/layers.ts";
import { scale } from "../../src/ops/nn/elementwise.ts";
import { embedding } from "../../src/ops/nn/embedding.ts";
import { neftune } from "../../src/passes/neftune.ts";
import { runPasses } from "../../src/passes/pass.ts";

/** Embeddings of tokens, scaled or not, and of positions. */
function embeddings(by?: number): Graph {
  const graph = new Graph();
  const input = (name: string) => graph.input(name, { dtype: "int64", shape: ["batch", "seq"] });
  const table = (name: string) => graph.param(name, { dtype: "float32", shape: [9, 4] }, { trainable: true });
  const words = embedding(flatten(input("input_ids")), table("words.weight"), {});
  graph.outputs.set("words", by === undefined ? words : scale(words, { by }));
  graph.outputs.set("positions", embedding(flatten(input("position_ids")), table("positions.weight"), {}));
  return graph;
}

test("adds noise to the embeddings of tokens, and to no others", () => {
  expect(print(runPasses(embeddings(), [neftune(5)], { training: true }))).toMatchInlineSnapshot(`
    "%0: int64[batch,seq] = input input_ids
    %1: int64[batch*seq] = Reshape(%0) {"shape":["batch*seq"]}
    %2: float32[9,4] = param words.weight
    %3: float32[batch*seq,4] = Embedding(%1, %2)
    %4: float32[batch*seq,4] = input neftune_noise
    %5: float32[batch*seq,4] = Add(%3, %4)
    %6: int64[batch,seq] = input position_ids
    %7: int64[batch*seq] = Reshape(%6) {"shape":["batch*seq"]}
    %8: float32[9,4] = param positions.weight
    %9: float32[batch*seq,4] = Embedding(%7, %8)
    return words %5, positions %9"
  `);
});

test("adds it after the scale of a model that scales its embeddings", () => {
  const graph = print(runPasses(embeddings(2), [neftune(5)], { training: true }));
  expect(graph).toContain('%4: float32[batch*seq,4] = Scale(%3) {"by":2}');
  expect(graph).toContain("%6: float32[batch*seq,4] = Add(%4, %5)");
});

test("leaves a graph for evaluation as it is", () => {
  const graph = embeddings();
  expect(print(runPasses(graph, [neftune(5)], { training: false }))).toBe(print(graph));
});
