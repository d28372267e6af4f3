import type { TensorProto } from "onnx-buf";
import { type DimBindings, resolveShape } from "../../ir/dims.ts";
import { elementBytes, elementType } from "../element-types.ts";
import type { EmittedModel } from "../emit.ts";
import { SHAPE_RULES } from "./shape-rules.ts";
import { facts, type TensorFacts } from "./tensor-facts.ts";

/**
 * Shape and element size of every tensor of a model, by name, once the named dims of its inputs have lengths.
 * @throws {RangeError} for an op without a rule, or a dim without a length.
 */
export function inferFacts(
  { inputs, constants, nodes }: Pick<EmittedModel, "inputs" | "constants" | "nodes">,
  lengths: DimBindings,
): Map<string, TensorFacts> {
  const found = new Map(constants.map((constant) => [constant.name, ofConstant(constant)]));
  for (const { name, type } of inputs) {
    found.set(name, facts(resolveShape(type.shape, lengths), elementBytes(elementType(type.dtype))));
  }
  for (const node of nodes) {
    const rule = SHAPE_RULES[node.opType];
    if (!rule) throw new RangeError(`no rule says what shape ${node.opType} gives`);
    const [first, ...rest] = node.input.map((name) => found.get(name));
    const results = rule(node, [first as TensorFacts, ...rest]);
    for (const [i, name] of node.output.entries()) found.set(name, results[i] as TensorFacts);
  }
  return found;
}

const INT64 = elementType("int64");

/** Facts of a constant: of integers, which shapes are made of, with the elements. */
function ofConstant({ dims, dataType, rawData }: TensorProto): TensorFacts {
  const [shape, size] = [dims.map(Number), elementBytes(dataType)];
  if (dataType !== INT64) return facts(shape, size);
  return facts(shape, size, Array.from(new BigInt64Array(rawData.slice().buffer), Number));
}
