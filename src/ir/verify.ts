import { OperandError } from "../errors.ts";
import { sameShape } from "./dims.ts";
import { type Graph, nodeOf } from "./graph.ts";

/**
 * Checks what every pass relies on: operands come before their use and from the same graph, and each node's type is
 * what its op infers.
 * @throws {OperandError} naming the value that breaks it.
 */
export function verify(graph: Graph): void {
  for (const value of graph.values) {
    const node = nodeOf(value);
    if (!node) continue;
    for (const input of node.inputs) {
      if (input.graph !== graph) throw new OperandError(node.op.name, `%${value.id} uses a value of another graph`);
      if (input.id >= value.id)
        throw new OperandError(node.op.name, `%${value.id} uses %${input.id}, which comes later`);
    }
    const { dtype, shape } = node.op.infer(node.inputs, node.attrs);
    if (dtype !== value.dtype || !sameShape(shape, value.shape)) {
      throw new OperandError(
        node.op.name,
        `%${value.id} is ${value.dtype}[${value.shape}], its op infers ${dtype}[${shape}]`,
      );
    }
  }
  for (const [name, value] of graph.outputs) {
    if (value.graph !== graph) throw new OperandError(name, "the output belongs to another graph");
  }
}
