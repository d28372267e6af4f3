import { create, toBinary } from "@bufbuild/protobuf";
import {
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { type Graph, nodeOf, reachable, type Value } from "../ir/graph.ts";
import type { TensorType } from "../ir/types.ts";
import { elementType } from "./element-types.ts";
import { type DimSources, LoweringContext } from "./lowering-context.ts";

const OPSET = 26n; // the first with BitCast
const IR_VERSION = 13n;

/** A graph in ONNX's words, and what it has to be fed. */
export interface EmittedModel {
  readonly bytes: Uint8Array;
  /** Inputs and parameters that the outputs depend on; weights are inputs, so the bytes stay small. */
  readonly inputs: readonly { readonly name: string; readonly type: TensorType }[];
  /** The tensor that holds each output. */
  readonly outputs: ReadonlyMap<string, string>;
  /** What the bytes hold, in the order of the graph. */
  readonly nodes: readonly NodeProto[];
  readonly constants: readonly TensorProto[];
}

/** Writes the part of a graph that its outputs depend on as an ONNX model. */
export function emitOnnx(graph: Graph): EmittedModel {
  const needed = reachable(graph, graph.outputs.values());
  const inputs = needed.flatMap((value) => {
    const name = value.origin.kind === "input" || value.origin.kind === "param" ? value.origin.name : undefined;
    return name === undefined ? [] : [{ name, type: { dtype: value.dtype, shape: value.shape } }];
  });
  const context = new LoweringContext(dimSources(inputs));
  const names = new Map<Value, string>();
  for (const value of needed) names.set(value, emit(value, context, names));

  const outputs = new Map<string, string>();
  for (const [name, value] of graph.outputs) {
    const tensor = names.get(value) as string;
    outputs.set(name, nodeOf(value) ? tensor : context.node("Identity", [tensor]));
  }
  const types = new Map([...graph.outputs].map(([name, value]) => [outputs.get(name) as string, value]));
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "lowrank",
    opsetImport: [
      { domain: "", version: OPSET },
      { domain: "com.microsoft", version: 1n },
    ],
    graph: {
      name: "lowrank",
      node: context.nodes,
      initializer: context.constants,
      input: inputs.map(({ name, type }) => valueInfo(name, type)),
      output: [...types].map(([name, value]) => valueInfo(name, { dtype: value.dtype, shape: value.shape })),
    },
  });
  const { nodes, constants } = context;
  return { bytes: toBinary(ModelProtoSchema, model), inputs, outputs, nodes, constants };
}

function emit(value: Value, context: LoweringContext, names: ReadonlyMap<Value, string>): string {
  const { origin } = value;
  switch (origin.kind) {
    case "input":
    case "param":
      return origin.name;
    case "constant":
      return context.constant(value.dtype, value.shape as number[], origin.data);
    case "node": {
      const { op, inputs, attrs } = origin.node;
      return op.lower(
        context,
        inputs.map((input) => names.get(input) as string),
        value,
        attrs,
      );
    }
    default:
      return origin satisfies never;
  }
}

function dimSources(inputs: EmittedModel["inputs"]): DimSources {
  const sources = new Map<string, { input: string; axis: number }>();
  for (const { name, type } of inputs) {
    type.shape.forEach((dim, axis) => {
      if (typeof dim === "string" && !dim.includes("*") && !sources.has(dim)) sources.set(dim, { input: name, axis });
    });
  }
  return sources;
}

function valueInfo(name: string, { dtype, shape }: TensorType): ValueInfoProto {
  const dim = shape.map((length) => ({
    value:
      typeof length === "number"
        ? ({ case: "dimValue", value: BigInt(length) } as const)
        : ({ case: "dimParam", value: length.replaceAll("*", "_x_") } as const),
  }));
  const tensorType = { elemType: elementType(dtype), shape: { dim } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: "tensorType", value: tensorType } } });
}
