import { bindShape, resolveShape } from "./dims.ts";
import { type Graph, reachable, type Value } from "./graph.ts";
import type { Tensor } from "./types.ts";

/**
 * Runs a graph in float64 on the ops' reference loops: slow, obvious, and what every test compares with.
 *
 * @param feeds One tensor for each input and parameter that the outputs depend on.
 * @throws {RangeError} when a feed is missing or its shape does not fit.
 */
export function evaluate(graph: Graph, outputs: readonly Value[], feeds: Readonly<Record<string, Tensor>>): Tensor[] {
  const bindings = new Map<string, number>();
  for (const value of graph.values) {
    if (value.origin.kind !== "input" && value.origin.kind !== "param") continue;
    const feed = feeds[value.origin.name];
    const problem = feed && bindShape(value.shape, feed.shape, bindings);
    if (problem) throw new RangeError(`${value.origin.name}: ${problem}`);
  }

  const results = new Map<Value, Tensor>();
  const result = (value: Value): Tensor => {
    const tensor = results.get(value);
    if (!tensor) throw new RangeError(`%${value.id} was not computed`);
    return tensor;
  };
  for (const value of reachable(graph, outputs)) results.set(value, run(value));
  return outputs.map(result);

  function run(value: Value): Tensor {
    const { origin, dtype } = value;
    switch (origin.kind) {
      case "input":
      case "param": {
        const feed = feeds[origin.name];
        if (!feed) throw new RangeError(`no value was given for ${origin.name}`);
        return feed;
      }
      case "constant":
        return { data: origin.data, shape: resolveShape(value.shape, bindings) };
      case "node": {
        const shape = resolveShape(value.shape, bindings);
        const { op, inputs, attrs } = origin.node;
        return { data: op.reference(inputs.map(result), { dtype, shape }, attrs), shape };
      }
      default:
        return origin satisfies never;
    }
  }
}
