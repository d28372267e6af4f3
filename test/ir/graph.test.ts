import { describe, expect, test } from "vitest";
import { Graph, nodeOf } from "../../src/ir/graph.ts";
import { add, scale } from "../../src/ops/nn/elementwise.ts";

const VECTOR = { dtype: "float32", shape: [3] } as const;
const frozen = { trainable: false } as const;

describe("a graph", () => {
  test("numbers its values in the order they are made", () => {
    const graph = new Graph();
    const x = graph.input("x", VECTOR);
    const y = add(x, graph.constant(VECTOR, [1, 2, 3]));
    expect(graph.values.map(({ id }) => id)).toEqual([0, 1, 2]);
    expect(y.graph).toBe(graph);
    expect([graph.inputs, graph.named("x"), graph.named("y")]).toEqual([[x], x, undefined]);
  });

  test("has a node once: the same op on the same inputs with the same settings is the same value", () => {
    const x = new Graph().input("x", VECTOR);
    expect(scale(x, { by: 2 })).toBe(scale(x, { by: 2 }));
    expect(scale(x, { by: 2 })).not.toBe(scale(x, { by: 3 }));
    expect(add(scale(x, { by: 2 }), x)).not.toBe(add(x, scale(x, { by: 2 })));
  });

  test("has a parameter once: tied weights are one", () => {
    const graph = new Graph();
    const w = graph.param("w", VECTOR, frozen);
    expect(graph.param("w", VECTOR, frozen)).toBe(w);
    expect(graph.params).toEqual([w]);
  });

  test("has a name once: a second input of that name is refused", () => {
    const graph = new Graph();
    graph.param("w", VECTOR, frozen);
    expect(() => graph.input("w", VECTOR)).toThrow(
      new RangeError("the graph already has an input or parameter named w"),
    );
  });

  test("its nodes remember the module they were built in", () => {
    const graph = new Graph();
    const x = graph.input("x", VECTOR);
    graph.module = "encoder.layer.0";
    const y = scale(x, { by: 2 });
    graph.module = "classifier";
    expect(nodeOf(y)?.module).toBe("encoder.layer.0");
    expect(nodeOf(scale(y, { by: 2 }))?.module).toBe("classifier");
  });

  test("keeps its constants: the array given may change later", () => {
    const data = [1, 2, 3];
    const { origin } = new Graph().constant(VECTOR, data);
    data.fill(0);
    expect(origin).toMatchObject({ kind: "constant", data: Float64Array.of(1, 2, 3) });
  });
});
