import { create } from "@bufbuild/protobuf";
import { type ModelProto, type NodeProto, NodeProtoSchema } from "onnx-buf";
import type { Graph } from "../ir/graph.ts";
import type { Shape } from "../ir/types.ts";
import { type LoweredGraph, lowerGraph, type Named } from "./lower-graph.ts";
import { modelProto } from "./model-proto.ts";
import { STANDARD } from "./target.ts";
import { externalFiles, inlineFile, type ModelFile, type Weight, type WeightBytes, weightOf } from "./weight-files.ts";

/** Lengths that decide how a model is cut into files. */
export interface FileLimits {
  /** Up to here the model file holds its weights. */
  readonly inlineBytes: number;
  /** Longest file of weights beside it. */
  readonly dataBytes: number;
}

/**
 * Limits of model files. Weights inside a model file are in memory once more than weights in a file beside it: for a model of 538 MB,
 * onnxruntime-web took 2.0 GB and 1.4 GB. Few buffers of browsers are longer than 2 GB, and no protobuf message is.
 */
const LIMITS: FileLimits = { inlineBytes: 5e8, dataBytes: 2e9 };

/** Options for a graph's inputs, outputs and parameters. */
export interface StoreOptions {
  /** Name of the model file; files of weights are called after it. */
  readonly name: string;
  /** External names of named dims; others keep their names. */
  readonly dims: Readonly<Record<string, string>>;
  /** Parameters that are inputs, with the shapes that they may have. */
  readonly inputs?: ReadonlyMap<string, Shape>;
  /** True when the model contains default values for them. */
  readonly defaults?: boolean;
  readonly limits?: FileLimits;
}

/** A model with its weights in the ONNX standard's operators, to be written. */
export interface StoredModel {
  /** The model file comes last. */
  readonly files: readonly ModelFile[];
  /** Number of files with weights only: `model.onnx_data`, then `model.onnx_data_1` and so on. */
  readonly dataFiles: number;
}

/**
 * Lays a graph out as files. Nothing is read before they are written, and then one weight at a time.
 * @param read Little-endian bytes of a parameter.
 */
export function storeOnnx(graph: Graph, read: WeightBytes, options: StoreOptions): StoredModel {
  const { name, dims, inputs: swappable = new Map(), defaults = false, limits = LIMITS } = options;
  const lowered = underOwnNames(lowerGraph(graph, STANDARD));
  const params = new Map(graph.params.map((param) => [param.origin.name, param]));
  const weights: Weight[] = [];
  const graphInputs: Named[] = [];
  const swapped: Named[] = [];
  for (const { name, type } of lowered.inputs) {
    const param = params.get(name);
    const shape = swappable.get(name);
    if (param && (!shape || defaults)) weights.push(weightOf(name, param));
    if (!param) graphInputs.push({ name, type });
    else if (shape) swapped.push({ name, type: { ...type, shape } });
  }
  const outside = ({ name, type }: Named): Named => ({
    name,
    type: { ...type, shape: type.shape.map((dim) => dims[dim] ?? dim) },
  });
  const outputs = [...lowered.outputs.values()];
  const face = { inputs: [...graphInputs, ...swapped].map(outside), outputs: outputs.map(outside) };
  const model = modelProto(lowered, face, STANDARD);
  const files = filesOf(model, weights, read, name, limits);
  return { files, dataFiles: files.length - 1 };
}

function filesOf(
  model: ModelProto,
  weights: readonly Weight[],
  read: WeightBytes,
  name: string,
  { inlineBytes, dataBytes }: FileLimits,
): readonly ModelFile[] {
  const total = weights.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= inlineBytes) return [inlineFile(model, weights, read, name)];
  return externalFiles(model, weights, read, name, dataBytes);
}

/** The same graph, in which each output's tensor is called as the output is. */
function underOwnNames(lowered: LoweredGraph): LoweredGraph {
  const names = new Map<string, string>();
  const again: NodeProto[] = [];
  for (const [output, { name: tensor }] of lowered.outputs) {
    const first = names.get(tensor);
    if (first === undefined) names.set(tensor, output);
    else again.push(create(NodeProtoSchema, { name: output, opType: "Identity", input: [first], output: [output] }));
  }
  const own = (tensor: string): string => names.get(tensor) ?? tensor;
  const nodes = lowered.nodes.map((node) => ({ ...node, input: node.input.map(own), output: node.output.map(own) }));
  const outputs = [...lowered.outputs].map(([name, { type }]) => [name, { name, type }] as const);
  return { ...lowered, nodes: [...nodes, ...again], outputs: new Map(outputs) };
}
