import { sameShape } from "../ir/dims.ts";
import { type Graph, nodeOf, type Value } from "../ir/graph.ts";
import { barrier } from "../ops/core/barrier.ts";
import { add } from "../ops/nn/elementwise.ts";
import { reduceSum, reshape } from "../ops/shape/shape.ts";

/** Options for reusing the results of the forward pass. */
export interface BackwardOptions {
  /**
   * Gradient checkpointing: the segment that a module belongs to. Of a segment only its inputs are kept; what the
   * backward pass reads of its inside is computed again.
   */
  readonly segmentOf?: (module: string) => string | undefined;
}

/**
 * Appends the backward pass of `loss` and returns one gradient for each of `wrt`; `undefined` for a value that the
 * loss does not depend on.
 *
 * Only values on a path from `wrt` to `loss` are visited: the rule of a frozen weight is never called, so no node is
 * spent on its gradient. What is cheap to compute again is not kept for the backward pass (selective recomputation,
 * Korthikanti et al. 2022, arXiv:2205.05198), nor is anything inside a segment (Chen et al. 2016, arXiv:1604.06174).
 *
 * @param seed Gradient of the final objective by `loss`, in the shape of `loss`: 1, or 1 ÷ the tokens of a step.
 */
export function backward(
  loss: Value,
  wrt: readonly Value[],
  seed: Value,
  { segmentOf = () => undefined }: BackwardOptions = {},
): (Value | undefined)[] {
  const { graph } = loss;
  const needed = dependents(graph, wrt);
  const gradients = new Map<Value, Value>([[loss, seed]]);
  const again = recomputation(segmentOf);

  for (const y of graph.values.slice(0, loss.id + 1).reverse()) {
    const dy = gradients.get(y);
    const node = nodeOf(y);
    if (!dy || !node) continue;
    const inputs = node.inputs.map((x) => again(x, dy, segmentOf(node.module)));
    const parts = node.inputs.map((x, i) => {
      if (!needed.has(x)) return undefined;
      const rule = (): Value | null => node.op.vjp(i, dy, inputs, again(y, dy, segmentOf(node.module)), node.attrs);
      const dx = within(graph, node.module, rule);
      return dx ? sumTo(dx, x) : undefined;
    });
    const ends = parts.filter((part, i) => part && !nodeOf(node.inputs[i] as Value)) as Value[];
    node.inputs.forEach((x, i) => {
      const part = parts[i];
      if (!part) return;
      // What flows on waits for the gradients that end here: the engine would else put those off, and keep all they read.
      const dx = nodeOf(x) ? ends.reduce((dx, end) => barrier(dx, end), part) : part;
      const sum = gradients.get(x);
      gradients.set(x, sum ? add(sum, dx) : dx);
    });
  }
  return wrt.map((x) => gradients.get(x));
}

/**
 * Gives values as the backward pass reads them: computed again behind a barrier on the gradient, if they lie inside the
 * reader's segment or are cheap; else as they are.
 */
function recomputation(
  segmentOf: (module: string) => string | undefined,
): (x: Value, dy: Value, segment: string | undefined) => Value {
  const segments = new Map<string, { readonly after: Value; readonly copies: Map<Value, Value> }>();

  /** The segment's own copy of `x`; what comes from outside passes through the barrier. */
  function copy(x: Value, segment: string, dy: Value): Value {
    const { after, copies } = segments.get(segment) ?? { after: dy, copies: new Map<Value, Value>() };
    segments.set(segment, { after, copies });
    const known = copies.get(x);
    if (known) return known;
    const inside = segmentOf(nodeOf(x)?.module ?? "") === segment;
    const inner = (): Value => (inside ? applied(x, (input) => copy(input, segment, dy)) : late(x, after));
    const again = isOfWeights(x) ? cheaply(x, after) : inner();
    copies.set(x, again);
    return again;
  }

  function cheaply(x: Value, dy: Value): Value {
    if (!nodeOf(x)?.op.cheap) return x;
    // Weights alone would not wait: the copy would be the first computation itself, kept from there to here.
    const behind = isOfWeights(x) ? barrier : late;
    return applied(x, (input) => (nodeOf(input)?.op.cheap ? cheaply(input, dy) : behind(input, dy)));
  }

  return (x, dy, segment) => (segment === undefined ? cheaply(x, dy) : copy(x, segment, dy));
}

/** The node of `x` once more, on other inputs. */
function applied(x: Value, input: (input: Value) => Value): Value {
  const node = nodeOf(x);
  return node ? x.graph.node(node.op, node.inputs.map(input), node.attrs, node.module) : x;
}

/** Weights and constants are there all the time. */
const isThere = (x: Value): boolean => x.origin.kind === "param" || x.origin.kind === "constant";

/** True when `x` is cheaply computed from weights and constants alone. */
const isOfWeights = (x: Value): boolean => {
  const node = nodeOf(x);
  return node?.op.cheap === true && node.inputs.every((input) => isThere(input) || isOfWeights(input));
};

/** The codes of a quantized weight: what they dequantize to is not there all the time. */
const isCodes = (x: Value): boolean => x.origin.kind === "param" && x.origin.quantized?.part === "codes";

/** `x` behind a barrier, unless it is there all the time. */
const late = (x: Value, after: Value): Value => (isThere(x) && !isCodes(x) ? x : barrier(x, after));

/** `wrt` and every value computed from it. */
function dependents(graph: Graph, wrt: readonly Value[]): Set<Value> {
  const found = new Set(wrt);
  for (const value of graph.values) {
    if (nodeOf(value)?.inputs.some((input) => found.has(input))) found.add(value);
  }
  return found;
}

/** Undoes broadcasting: sums `dx` over the dims along which `x` was repeated. */
function sumTo(dx: Value, x: Value): Value {
  if (sameShape(dx.shape, x.shape)) return dx;
  const extra = dx.shape.length - x.shape.length;
  const axes = dx.shape.flatMap((dim, axis) => (axis < extra || x.shape[axis - extra] !== dim ? [axis] : []));
  return reshape(reduceSum(dx, { axes }), { shape: x.shape });
}

function within<T>(graph: Graph, module: string, run: () => T): T {
  const before = graph.module;
  graph.module = module;
  try {
    return run();
  } finally {
    graph.module = before;
  }
}
