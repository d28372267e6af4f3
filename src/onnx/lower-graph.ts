import type { NodeProto, TensorProto } from "onnx-buf";
import { type Graph, nodeOf, reachable, type Value } from "../ir/graph.ts";
import type { LoweredTogether } from "../ir/op.ts";
import type { TensorType } from "../ir/types.ts";
import { type DimSources, LoweringContext } from "./lowering-context.ts";
import type { Target } from "./target.ts";

/** A tensor of a model, with its type. */
export interface Named {
  readonly name: string;
  readonly type: TensorType;
}

/** A graph in a target's operators. */
export interface LoweredGraph {
  readonly nodes: readonly NodeProto[];
  readonly constants: readonly TensorProto[];
  /** Inputs and parameters that the outputs depend on. */
  readonly inputs: readonly Named[];
  /** The tensor that holds each output; one may hold several. */
  readonly outputs: ReadonlyMap<string, Named>;
}

/** Lowers the part of a graph that its outputs depend on. */
export function lowerGraph(graph: Graph, { overrides }: Target): LoweredGraph {
  const needed = reachable(graph, graph.outputs.values());
  const inputs = needed.flatMap((value) => {
    const name = value.origin.kind === "input" || value.origin.kind === "param" ? value.origin.name : undefined;
    return name === undefined ? [] : [{ name, type: typeOf(value) }];
  });
  const context = new LoweringContext(dimSources(inputs), overrides);
  const names = new Map<Value, string>();
  for (const value of needed) {
    if (names.has(value)) continue;
    const lowered = lower(value, context, names);
    for (const [made, name] of typeof lowered === "string" ? [[value, lowered] as const] : lowered) {
      names.set(made, name);
      context.typed(name, made);
    }
  }

  const outputs = new Map<string, Named>();
  for (const [output, value] of graph.outputs) {
    const tensor = names.get(value) as string;
    const name = nodeOf(value) ? tensor : context.node("Identity", [tensor]);
    outputs.set(output, { name, type: typeOf(value) });
  }
  return { nodes: context.nodes, constants: context.constants, inputs, outputs };
}

const typeOf = ({ dtype, shape }: Value): TensorType => ({ dtype, shape });

function lower(value: Value, context: LoweringContext, names: ReadonlyMap<Value, string>): string | LoweredTogether {
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

function dimSources(inputs: readonly Named[]): DimSources {
  const sources = new Map<string, { input: string; axis: number }>();
  for (const { name, type } of inputs) {
    type.shape.forEach((dim, axis) => {
      if (typeof dim === "string" && !dim.includes("*") && !sources.has(dim)) sources.set(dim, { input: name, axis });
    });
  }
  return sources;
}
