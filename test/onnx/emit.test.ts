import { fromBinary } from "@bufbuild/protobuf";
import { type ModelProto, ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { trainingGraph } from "../../src/autodiff/training-graph.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph, type Value } from "../../src/ir/graph.ts";
import { type EmittedModel, emitOnnx } from "../../src/onnx/emit.ts";
import { barrier } from "../../src/ops/core/barrier.ts";
import { add, scale } from "../../src/ops/nn/elementwise.ts";
import { embedding } from "../../src/ops/nn/embedding.ts";
import { gelu } from "../../src/ops/nn/gelu.ts";
import { linear } from "../../src/ops/nn/linear.ts";
import { tanh } from "../../src/ops/nn/tanh.ts";
import { reshape, select, transpose } from "../../src/ops/shape/shape.ts";
import { openSession } from "../../src/session/node/index.ts";
import { toRuntime } from "../ops/check.ts";
import { classificationLoss, feedsOf, tiny, tinyBert } from "../tiny.ts";

const float32 = (...shape: (number | string)[]) => ({ dtype: "float32", shape }) as const;

/** The emitted model, read again. */
const decode = (graph: Graph): ModelProto => fromBinary(ModelProtoSchema, emitOnnx(graph).bytes);
const nodesOf = (graph: Graph): string[] => decode(graph).graph!.node.map(({ opType }) => opType);

function graphOf(build: (x: Value, graph: Graph) => Record<string, Value>): Graph {
  const graph = new Graph();
  const x = graph.input("x", float32("tokens", 4));
  for (const [name, value] of Object.entries(build(x, graph))) graph.outputs.set(name, value);
  return graph;
}

describe("nodes", () => {
  test("of a tiny model, in order", () => {
    const { node, input, output, initializer } = decode(tiny()).graph!;
    expect(
      node.map(({ opType, input, output }) => `${output} = ${opType}(${input.join(", ")})`),
    ).toMatchInlineSnapshot(`
      [
        "Gemm_0 = Gemm(x, layer.0.query.weight, layer.0.query.bias)",
        "Gemm_1 = Gemm(Gemm_0, classifier.weight, classifier.bias)",
      ]
    `);
    expect(input.map(({ name }) => name)).toEqual(emitOnnx(tiny()).inputs.map(({ name }) => name));
    expect([output.length, initializer.length]).toEqual([1, 0]);
  });

  test("that are equal on equal inputs are emitted once, constants as well", () => {
    const half = (graph: Graph): Value => graph.constant(float32(), [0.5]);
    const graph = graphOf((x, graph) => ({ y: add(add(x, half(graph)), add(x, half(graph))) }));
    expect(graph.values.filter(({ origin }) => origin.kind === "constant")).toHaveLength(2);
    expect(nodesOf(graph)).toEqual(["Add", "Add"]);
    expect(decode(graph).graph!.initializer).toHaveLength(1);
  });

  test("that differ in a setting, a type or an input are not merged", () => {
    expect(nodesOf(graphOf((x) => ({ y: add(scale(x, { by: 2 }), scale(x, { by: 3 })) })))).toEqual([
      "Mul",
      "Mul",
      "Add",
    ]);
    const turned = (perm: number[]) =>
      graphOf((x) => ({ y: transpose(x, { perm }), z: transpose(x, { perm: [1, 0] }) }));
    expect(nodesOf(turned([0, 1]))).toEqual(["Transpose", "Transpose"]);
    expect(nodesOf(turned([1, 0]))).toEqual(["Transpose"]);
    const rows = (x: Value, index: number): Value => select(x, { axis: 1, index });
    expect(nodesOf(graphOf((x) => ({ y: add(rows(x, 0), rows(x, 1)) })))).toEqual(["Gather", "Gather", "Add"]);
    expect(nodesOf(graphOf((x) => ({ y: add(rows(x, 0), rows(x, 0)) })))).toEqual(["Gather", "Add"]);
  });

  test("that no output depends on are left out, and so are inputs and weights", () => {
    const graph = graphOf((x, graph) => {
      linear(x, graph.param("unread.weight", float32(3, 4), { trainable: true }));
      graph.input("unread", float32("other"));
      return { y: tanh(x) };
    });
    const model = emitOnnx(graph);
    expect(nodesOf(graph)).toEqual(["Tanh"]);
    expect(model.inputs).toEqual([{ name: "x", type: float32("tokens", 4) }]);
  });

  test("behind a barrier are there a second time", () => {
    const graph = graphOf((x, graph) => ({
      y: gelu(x),
      again: gelu(barrier(x, graph.input("dy", float32("tokens", 4)))),
      merged: gelu(x),
    }));
    expect(nodesOf(graph).filter((op) => op === "Gelu")).toHaveLength(2);
    const { outputs } = emitOnnx(graph);
    expect(outputs.get("merged")).toBe(outputs.get("y"));
    expect(outputs.get("again")).not.toBe(outputs.get("y"));
  });
});

describe("inputs and outputs", () => {
  test("weights are inputs: the bytes do not grow with them", () => {
    const table = (vocab: number): EmittedModel => {
      const graph = new Graph();
      const ids = graph.input("ids", { dtype: "int64", shape: ["tokens"] });
      const weight = graph.param("weight", float32(vocab, 768), { trainable: true });
      graph.outputs.set("y", embedding(ids, weight, {}));
      return emitOnnx(graph);
    };
    expect(table(250_000).bytes.length).toBeLessThan(300); // 768 MB of weights
    expect(table(250_000).inputs).toContainEqual({ name: "weight", type: float32(250_000, 768) });
    const step = emitOnnx(trainingGraph(tinyBert(), classificationLoss));
    expect(step.bytes.length).toBeLessThan(60_000);
  });

  test("are typed; dims keep their names, products theirs", () => {
    const graph = graphOf((x) => ({ y: tanh(x) }));
    graph.outputs.set("z", tanh(graph.input("z", { dtype: "float32", shape: ["batch*seq", 2] })));
    const { input, output } = decode(graph).graph!;
    const typeOf = ({ type }: (typeof input)[number]): unknown => {
      const { value } = type!;
      if (value.case !== "tensorType") throw new Error("not a tensor");
      return [value.value.elemType, ...value.value.shape!.dim.map(({ value }) => value.value)];
    };
    expect(input.map(typeOf)).toEqual([
      [1, "tokens", 4n],
      [1, "batch_x_seq", 2n],
    ]);
    expect(output.map(typeOf)).toEqual([
      [1, "tokens", 4n],
      [1, "batch_x_seq", 2n],
    ]);
  });

  test("an input, a weight or a constant may be an output, and one value two outputs", async () => {
    const graph = graphOf((x, graph) => {
      const y = tanh(x);
      return {
        x,
        y,
        same: y,
        w: graph.param("w", float32(1), { trainable: true }),
        c: graph.constant(float32(1), [7]),
      };
    });
    const model = emitOnnx(graph);
    const session = await openSession(model, { weights: new Map(), threads: 1 });
    const x = { dtype: "float32", shape: [1, 4], data: Float32Array.of(0, 0, 0, 0) } as const;
    const w = { dtype: "float32", shape: [1], data: Float32Array.of(3) } as const;
    const outputs = await session.run({ x, w });
    await session.close();
    expect(outputs).toMatchObject({ x, y: x, same: x, w, c: { ...w, data: Float32Array.of(7) } });
  });

  test("a dim that no input has cannot be read at run time", () => {
    const graph = graphOf((_, graph) => {
      const flat = graph.input("flat", float32("batch*seq"));
      return { y: reshape(flat, { shape: ["batch", "seq"] }) };
    });
    expect(() => emitOnnx(graph)).toThrow(new RangeError("no input has a dim named batch"));
  });
});

test("one model serves every batch shape", async () => {
  const graph = trainingGraph(tinyBert(), classificationLoss);
  const names = [...graph.outputs.keys()];
  const model = emitOnnx(graph);
  const session = await openSession(model, { weights: new Map(), threads: 1 });
  for (const [batch, seq] of [
    [2, 3],
    [1, 7],
    [3, 1],
    [2, 3],
  ] as const) {
    const feeds = feedsOf(graph, { batch, seq });
    const inputs = model.inputs.map(({ name, type }) => [name, toRuntime(type.dtype, feeds[name]!)]);
    const actual = await session.run(Object.fromEntries(inputs));
    const expected = evaluate(graph, [...graph.outputs.values()], feeds);
    names.forEach((name, i) => {
      const { data, shape } = expected[i]!;
      expect(actual[name]!.shape, name).toEqual(shape);
      data.forEach((x, k) => void expect(Number(actual[name]!.data[k]), name).toBeCloseTo(x, 4));
    });
  }
  await session.close();
});
