import { create, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, NodeProtoSchema } from "onnx-buf";
import type { DType, TensorType } from "../ir/types.ts";
import type { Named } from "./lower-graph.ts";
import { modelProto } from "./model-proto.ts";
import { WEBGPU } from "./target.ts";

/** A model that gives a vector `x` back as `y`: it uploads arrays to a device, and tries one. */
export function identityModel(dtype: DType): Uint8Array {
  const type: TensorType = { dtype, shape: ["n"] };
  return oneNodeModel("Identity", [{ name: "x", type }], { name: "y", type });
}

/** A model of a single node of the standard. */
export function oneNodeModel(opType: string, inputs: readonly Named[], output: Named): Uint8Array {
  const node = create(NodeProtoSchema, { opType, input: inputs.map(({ name }) => name), output: [output.name] });
  const face = { inputs, outputs: [output] };
  return toBinary(ModelProtoSchema, modelProto({ nodes: [node], constants: [] }, face, WEBGPU));
}
