import { create } from "@bufbuild/protobuf";
import { type ModelProto, ModelProtoSchema, type ValueInfoProto, ValueInfoProtoSchema } from "onnx-buf";
import { VERSION } from "../version.ts";
import { elementType } from "./element-types.ts";
import type { LoweredGraph, Named } from "./lower-graph.ts";
import type { Target } from "./target.ts";

/** Inputs and outputs of a model. */
export interface Face {
  readonly inputs: readonly Named[];
  readonly outputs: readonly Named[];
}

/** A lowered graph as ONNX's message. */
export function modelProto(
  { nodes, constants }: Pick<LoweredGraph, "nodes" | "constants">,
  face: Face,
  target: Target,
): ModelProto {
  const shown = (named: Named): ValueInfoProto => valueInfo(named, target);
  const engines = nodes.some(({ domain }) => domain !== "") ? [{ domain: "com.microsoft", version: 1n }] : [];
  return create(ModelProtoSchema, {
    irVersion: target.irVersion,
    producerName: "lowrank",
    producerVersion: VERSION,
    opsetImport: [{ domain: "", version: target.opset }, ...engines],
    graph: {
      name: "lowrank",
      node: [...nodes],
      initializer: [...constants],
      input: face.inputs.map(shown),
      output: face.outputs.map(shown),
    },
  });
}

function valueInfo({ name, type: { dtype, shape } }: Named, { narrow }: Target): ValueInfoProto {
  const dim = shape.map((length) => ({
    value:
      typeof length === "number"
        ? ({ case: "dimValue", value: BigInt(length) } as const)
        : ({ case: "dimParam", value: length.replaceAll("*", "_x_") } as const),
  }));
  const tensorType = { elemType: elementType(dtype, narrow === "bits"), shape: { dim } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: "tensorType", value: tensorType } } });
}
