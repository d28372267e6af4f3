import { Graph, type Node, type Param, type ParamValue, reachable, type Value } from "../ir/graph.ts";

/** Rules of a rewrite; everything else is copied. */
export interface Rules {
  /** New settings for a parameter. */
  readonly param?: (param: Param, value: ParamValue) => Param;
  /** Replacement for a parameter wherever it is read, built in the graph `next`; `undefined`: the parameter itself. */
  readonly read?: (param: ParamValue, next: Graph) => Value | undefined;
  /** Replacement for a node in the new graph: `y`, the node as it was on its new inputs, or something built from it. */
  readonly node?: (y: Value, node: Node) => Value;
}

/** Copies a graph, changing what the rules say. The graph given is not touched; what nothing reads any more is left out. */
export function rewrite(graph: Graph, rules: Rules = {}): Graph {
  const next = new Graph();
  const map = new Map<Value, Value>();
  for (const value of graph.values) map.set(value, copy(value, next, map, rules));
  for (const [name, value] of graph.outputs) next.outputs.set(name, map.get(value) as Value);
  return rules.node || rules.read ? prune(next) : next;
}

/** Makes `value` again in `next`; `map` knows its operands there. */
export function copy(value: Value, next: Graph, map: ReadonlyMap<Value, Value>, rules: Rules = {}): Value {
  const { origin } = value;
  switch (origin.kind) {
    case "input":
      return next.input(origin.name, value, origin.fill);
    case "param": {
      const stands = rules.read?.(value as ParamValue, next);
      if (stands) return stands;
      const { name, kind: _, ...options } = rules.param?.(origin, value as ParamValue) ?? origin;
      return next.param(name, value, options);
    }
    case "constant":
      return next.constant(value, origin.data);
    case "node": {
      const { op, attrs, module } = origin.node;
      const inputs = origin.node.inputs.map((input) => map.get(input) as Value);
      next.module = module;
      const y = next.node(op, inputs, attrs);
      return rules.node?.(y, { op, inputs, attrs, module }) ?? y;
    }
    default:
      return origin satisfies never;
  }
}

/** The graph without values that no output depends on. */
export function prune(graph: Graph): Graph {
  const next = new Graph();
  const map = new Map<Value, Value>();
  for (const value of reachable(graph, graph.outputs.values())) map.set(value, copy(value, next, map));
  for (const [name, value] of graph.outputs) next.outputs.set(name, map.get(value) as Value);
  return next;
}
