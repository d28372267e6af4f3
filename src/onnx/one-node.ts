import { create, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, NodeProtoSchema } from "onnx-buf";
import type { Named } from "./lower-graph.ts";
import { modelProto } from "./model-proto.ts";
import { WEBGPU } from "./target.ts";

/** A model of a single node of the standard, for uploading to a WebGPU device and for trying it. */
export function oneNodeModel(opType: string, inputs: readonly Named[], output: Named): Uint8Array {
  const node = create(NodeProtoSchema, { opType, input: inputs.map(({ name }) => name), output: [output.name] });
  const face = { inputs, outputs: [output] };
  return toBinary(ModelProtoSchema, modelProto({ nodes: [node], constants: [] }, face, WEBGPU));
}
