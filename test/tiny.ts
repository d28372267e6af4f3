import { resolveShape } from "../src/ir/dims.ts";
import { Graph, type ParamValue, type QuantizedPart, type Value } from "../src/ir/graph.ts";
import type { Tensor } from "../src/ir/types.ts";
import { llama } from "../src/models/decoders/llama.ts";
import { bert } from "../src/models/encoders/bert.ts";
import { dense } from "../src/models/parts/layers.ts";
import { ModuleScope } from "../src/models/parts/scope.ts";
import { crossEntropy } from "../src/ops/nn/cross-entropy.ts";
import { gelu } from "../src/ops/nn/gelu.ts";
import { doubleQuantize } from "../src/quant/doublequant.ts";
import { quantize4 } from "../src/quant/fourbit.ts";
import { quantizeInt8 } from "../src/quant/int8.ts";
import type { Scheme } from "../src/quant/schemes/index.ts";
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

/** A BERT of one layer with a head of three classes. */
export const tinyBert = (): Graph =>
  bert.build(
    {
      vocab_size: 5,
      hidden_size: 8,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      intermediate_size: 12,
      max_position_embeddings: 12,
      layer_norm_eps: 1e-3,
    },
    "SEQ_CLS",
    3,
  );

/** A llama of one layer, its output layer tied to the embedding or not. */
export const tinyLlama = (tied: boolean): Graph =>
  llama.build(
    {
      vocab_size: 7,
      hidden_size: 8,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      intermediate_size: 12,
      max_position_embeddings: 12,
      tie_word_embeddings: tied,
    },
    "CAUSAL_LM",
    0,
  );

/** The loss of a classifier whose labels are the input `labels`. */
export function classificationLoss(graph: Graph): Value {
  const logits = graph.outputs.get("logits")!;
  return crossEntropy(logits, graph.input("labels", { dtype: "int64", shape: logits.shape.slice(0, 1) }), {});
}

/**
 * Something for everything that a graph reads: random weights and numbers, packed weights packed from random ones, bits
 * for bytes and integers below `below`.
 */
export function feedsOf(graph: Graph, lengths: Readonly<Record<string, number>>, below = 2): Record<string, Tensor> {
  const bindings = new Map(Object.entries(lengths));
  const feeds: Record<string, Tensor> = {};
  for (const value of [...graph.inputs, ...graph.params]) {
    const { origin, dtype } = value;
    if (origin.kind !== "input" && origin.kind !== "param") continue;
    const shape = resolveShape(value.shape, bindings);
    const quantized = origin.kind === "param" ? origin.quantized : undefined;
    const random = randn(origin.name, shape, 0.5);
    const wholes = (below: number): Tensor => ({
      shape,
      data: random.data.map((x) => Math.floor(999 * x * x) % below),
    });
    if (quantized) feeds[origin.name] = { shape, data: Float64Array.from(packedOf(graph, quantized)) };
    else feeds[origin.name] = dtype === "float32" ? random : wholes(dtype === "uint8" ? 2 : below);
  }
  return feeds;
}

/** How parameters start: the identity for adapters, where `init` says so; random else. Feeds for `graph`'s weights given. */
export function startOf(graph: Graph, feeds: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const started = { ...feeds };
  for (const { origin } of graph.params) {
    const { data, shape } = feeds[origin.name]!;
    if (origin.init?.kind === "zeros") started[origin.name] = { shape, data: data.map(() => 0) };
    if (origin.init?.kind === "rowNorm") {
      const w = feeds[origin.init.of]!;
      const columns = w.shape[1]!;
      const length = (row: number): number => Math.hypot(...w.data.subarray(row * columns, (row + 1) * columns));
      started[origin.name] = { shape, data: data.map((_, row) => length(row)) };
    }
  }
  return started;
}

/** One of the arrays that a random weight is packed into. */
function packedOf(graph: Graph, { of, scheme: settings, part }: QuantizedPart): ArrayLike<number> {
  const scheme = settings as Scheme;
  const isCodes = ({ origin: { quantized } }: ParamValue): boolean =>
    quantized?.of === of && quantized.part === "codes";
  const shape = graph.params.find(isCodes)!.shape as number[];
  if (scheme.type === "int8") {
    const packed = quantizeInt8(Float32Array.from(randn(of, shape).data), shape[0]!);
    return part === "codes" ? packed.codes : packed.absmax;
  }
  if (scheme.type === "gguf") throw new Error("no random blocks of GGUF's");
  const packed = quantize4(Float32Array.from(randn(of, [2 * shape[0]!]).data), scheme);
  if (part === "codes" || !scheme.doubleQuant) return part === "codes" ? packed.codes : packed.absmax;
  const nested = doubleQuantize(packed.absmax);
  const parts: Readonly<Record<string, ArrayLike<number>>> = {
    absmax: nested.codes,
    nested_absmax: nested.absmax,
    nested_offset: [nested.offset],
  };
  return parts[part] as ArrayLike<number>;
}
