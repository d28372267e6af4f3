import type { NodeProto } from "onnx-buf";

/**
 * The order in which the engine runs nodes: depth first from those whose results no other node reads, the last of them
 * first, and at each node the operand's producer that stands last first.
 * @see onnxruntime 1.30, `Graph::ReverseDFSFrom` as `GraphViewer` calls it.
 */
export function executionOrder(nodes: readonly NodeProto[]): NodeProto[] {
  const producers = new Map(nodes.flatMap(({ output }, i) => output.map((name) => [name, i] as const)));
  const operands = nodes.map(({ input }) => {
    const found = new Set(input.flatMap((name) => producers.get(name) ?? []));
    return [...found].sort((a, b) => a - b);
  });
  const read = new Set(operands.flat());
  const stack = [...nodes.keys()].filter((i) => !read.has(i)).map((node) => ({ node, leave: false }));
  const visited = new Uint8Array(nodes.length);
  const order: NodeProto[] = [];
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { node, leave } = top;
    if (leave) order.push(nodes[node] as NodeProto);
    if (leave || visited[node]) continue;
    visited[node] = 1;
    stack.push({ node, leave: true });
    for (const operand of operands[node] as number[])
      if (!visited[operand]) stack.push({ node: operand, leave: false });
  }
  return order;
}
