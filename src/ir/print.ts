import type { Graph, Value } from "./graph.ts";

/** The graph as text, a value a line: what snapshot tests compare and what a person reads. */
export function print(graph: Graph): string {
  const lines = graph.values.map((value) => `%${value.id}: ${value.dtype}[${value.shape}] = ${origin(value)}`);
  const outputs = [...graph.outputs].map(([name, value]) => `${name} %${value.id}`);
  return [...lines, `return ${outputs.join(", ")}`].join("\n");
}

function origin({ origin }: Value): string {
  switch (origin.kind) {
    case "input":
      return `input ${origin.name}`;
    case "param":
      return `${origin.trainable ? "param" : "frozen"} ${origin.name}`;
    case "constant":
      return `constant ${origin.data.length <= 4 ? `[${origin.data}]` : `(${origin.data.length})`}`;
    case "node": {
      const { op, inputs, attrs } = origin.node;
      const settings = Object.keys(attrs).length > 0 ? ` ${JSON.stringify(attrs)}` : "";
      return `${op.name}(${inputs.map((input) => `%${input.id}`).join(", ")})${settings}`;
    }
    default:
      return origin satisfies never;
  }
}
