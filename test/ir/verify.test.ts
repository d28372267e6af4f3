import { describe, expect, test } from "vitest";
import { OperandError } from "../../src/errors.ts";
import { Graph, type Origin, Value } from "../../src/ir/graph.ts";
import type { TensorType, ValueId } from "../../src/ir/types.ts";
import { verify } from "../../src/ir/verify.ts";
import { scale } from "../../src/ops/nn/elementwise.ts";

const VECTOR: TensorType = { dtype: "float32", shape: ["tokens"] };

/** `x` and `by · x`, where `by · x` is given another type or another operand than it should have. */
function broken(change: { type?: TensorType; operand?: (graph: Graph) => Value }): Graph {
  const graph = new Graph();
  const x = graph.input("x", VECTOR);
  const operand = change.operand?.(graph) ?? x;
  const node = { op: scale.op, inputs: [operand], attrs: { by: 2 }, module: "" };
  const origin: Origin = { kind: "node", node };
  graph.values.push(new Value(graph, graph.values.length as ValueId, change.type ?? VECTOR, origin));
  return graph;
}

describe("verify", () => {
  test("passes a graph that is whole", () => {
    expect(() => verify(broken({}))).not.toThrow();
  });

  test.each<[string, Graph, string]>([
    [
      "a shape that its op does not infer",
      broken({ type: { dtype: "float32", shape: [4] } }),
      "Scale: %1 is float32[4], its op infers float32[tokens]",
    ],
    [
      "a dtype that its op does not infer",
      broken({ type: { dtype: "int64", shape: ["tokens"] } }),
      "Scale: %1 is int64[tokens], its op infers float32[tokens]",
    ],
    [
      "an operand of another graph",
      broken({ operand: () => new Graph().input("x", VECTOR) }),
      "Scale: %1 uses a value of another graph",
    ],
    [
      "an operand that comes later",
      broken({ operand: (graph) => new Value(graph, 5 as ValueId, VECTOR, graph.values[0]!.origin) }),
      "Scale: %1 uses %5, which comes later",
    ],
  ])("refuses %s", (_, graph, message) => expect(() => verify(graph)).toThrow(new OperandError(...split(message))));

  test("refuses an output of another graph", () => {
    const graph = broken({});
    graph.outputs.set("y", new Graph().input("x", VECTOR));
    expect(() => verify(graph)).toThrow(new OperandError("y", "the output belongs to another graph"));
  });
});

const split = (message: string): [op: string, what: string] => {
  const at = message.indexOf(": ");
  return [message.slice(0, at), message.slice(at + 2)];
};
