import { Graph } from "../src/ir/graph.ts";
import { resolveShape } from "../src/ir/dims.ts";
import type { Tensor } from "../src/ir/types.ts";
import { dense } from "../src/models/layers.ts";
import { ModuleScope } from "../src/models/scope.ts";
import { gelu } from "../src/ops/gelu.ts";
import { doubleQuantize } from "../src/quant/doublequant.ts";
import { quantize4 } from "../src/quant/fourbit.ts";
import { quantizeInt8 } from "../src/quant/int8.ts";
import { randn } from "./tensors.ts";

/** `x [tokens, 4]` → `layer.0.query` → `classifier` → `logits [tokens, 2]`. */
export function tiny(): Graph {
  const graph = new Graph();
  const m = new ModuleScope(graph);
  const x = graph.input("x", { dtype: "float32", shape: ["tokens", 4] });
  const h = m.within("layer.0", (m) => dense(m, "query", x, 3));
  graph.outputs.set("logits", dense(m, "classifier", h, 2));
  return graph;
}

/** `x [tokens, 4]` → `up` → GELU → `down` → `y [tokens, 4]`. */
export function feedForward(): Graph {
  const graph = new Graph();
  const m = new ModuleScope(graph);
  const x = graph.input("x", { dtype: "float32", shape: ["tokens", 4] });
  graph.outputs.set("y", dense(m, "down", gelu(dense(m, "up", x, 6)), 4));
  return graph;
}

/** Random feeds for all that a graph reads; integers stand for ids below 5, bytes for masks, packed weights are packed. */
export function feedsOf(graph: Graph, lengths: Readonly<Record<string, number>>): Record<string, Tensor> {
  const bindings = new Map(Object.entries(lengths));
  const feeds: Record<string, Tensor> = {};
  const weights = new Map<string, Float32Array>();
  for (const { origin, dtype, shape: dims } of [...graph.inputs, ...graph.params]) {
    if (origin.kind !== "input" && origin.kind !== "param") continue;
    const shape = resolveShape(dims, bindings);
    const random = randn(origin.name, shape, 0.5);
    feeds[origin.name] =
      dtype === "float32" ? random : { shape, data: random.data.map((x) => Math.floor(Math.abs(x) * 97) % 5) };
    if (dtype === "uint8") feeds[origin.name]!.data.forEach((n, i, data) => (data[i] = n % 2));
  }
  for (const { origin, shape } of graph.params) {
    if (!origin.quantized) continue;
    weights.get(origin.quantized.of);
    void shape;
  }
  return feeds;
}
void [doubleQuantize, quantize4, quantizeInt8];
