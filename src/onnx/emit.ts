import { toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, type NodeProto, type TensorProto } from "onnx-buf";
import type { Graph, ParamValue } from "../ir/graph.ts";
import { lowerGraph, type Named } from "./lower-graph.ts";
import { modelProto } from "./model-proto.ts";
import { ENGINE, inputType, type Target } from "./target.ts";
import { weightInMemory } from "./weight-files.ts";

/** A graph in ONNX's words, and what it has to be fed. */
export interface EmittedModel {
  readonly bytes: Uint8Array;
  /** Inputs and parameters that the outputs depend on, with the types in which they are fed; weights are inputs, so the bytes stay small. */
  readonly inputs: readonly Named[];
  /** Parameters that are no inputs: their bytes are handed over with the model, each under its name. */
  readonly fixed: readonly string[];
  /** The tensor that holds each output. */
  readonly outputs: ReadonlyMap<string, string>;
  /** Nodes in the order of the graph. */
  readonly nodes: readonly NodeProto[];
  readonly constants: readonly TensorProto[];
}

/**
 * Writes the part of a graph that its outputs depend on as a model that is fed all weights.
 * @param target The operators that it is written in; default: those of ONNX Runtime on a CPU.
 * @param isFixed True for parameters that never change, which a runtime may lay out for its operators. Default: none.
 */
export function emitOnnx(
  graph: Graph,
  target: Target = ENGINE,
  isFixed: (param: ParamValue) => boolean = () => false,
): EmittedModel {
  const { inputs: all, outputs, nodes, constants: own } = lowerGraph(graph, target);
  const params = new Map(graph.params.filter(isFixed).map((param) => [param.origin.name, param]));
  const fixed = all.flatMap(({ name }) => params.get(name) ?? []);
  const inputs = all
    .filter(({ name }) => !params.has(name))
    .map(({ name, type }) => ({ name, type: inputType(type, target) }));
  const constants = [...own, ...fixed.map((param) => weightInMemory(param.origin.name, inputType(param, target)))];
  const distinct = new Map([...outputs.values()].map((named) => [named.name, named]));
  const model = modelProto({ nodes, constants }, { inputs, outputs: [...distinct.values()] }, target);
  const tensors = [...outputs].map(([output, { name }]) => [output, name] as const);
  const names = fixed.map(({ origin }) => origin.name);
  return {
    bytes: toBinary(ModelProtoSchema, model),
    inputs,
    fixed: names,
    outputs: new Map(tensors),
    nodes,
    constants,
  };
}
