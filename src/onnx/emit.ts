import { toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, type NodeProto, type TensorProto } from "onnx-buf";
import type { Graph } from "../ir/graph.ts";
import { lowerGraph, type Named } from "./lower-graph.ts";
import { modelProto } from "./model-proto.ts";
import { ENGINE, type Target } from "./target.ts";

/** A graph in ONNX's words, and what it has to be fed. */
export interface EmittedModel {
  readonly bytes: Uint8Array;
  /** Inputs and parameters that the outputs depend on; weights are inputs, so the bytes stay small. */
  readonly inputs: readonly Named[];
  /** The tensor that holds each output. */
  readonly outputs: ReadonlyMap<string, string>;
  /** Nodes in the order of the graph. */
  readonly nodes: readonly NodeProto[];
  readonly constants: readonly TensorProto[];
}

/**
 * Writes the part of a graph that its outputs depend on as a model that is fed all weights.
 * @param target The operators that it is written in; default: those of ONNX Runtime on a CPU.
 */
export function emitOnnx(graph: Graph, target: Target = ENGINE): EmittedModel {
  const lowered = lowerGraph(graph, target);
  const { inputs, outputs, nodes, constants } = lowered;
  const distinct = new Map([...outputs.values()].map((named) => [named.name, named]));
  const model = modelProto(lowered, { inputs, outputs: [...distinct.values()] }, target);
  const tensors = [...outputs].map(([output, { name }]) => [output, name] as const);
  return { bytes: toBinary(ModelProtoSchema, model), inputs, outputs: new Map(tensors), nodes, constants };
}
