import { sameShape } from "../ir/dims.ts";
import { type Graph, nodeOf, type Value } from "../ir/graph.ts";
import { barrier } from "../ops/barrier.ts";
import { add } from "../ops/elementwise.ts";
import { reduceSum, reshape } from "../ops/shape.ts";

/**
 * Appends the backward pass of `loss` and returns one gradient for each of `wrt`; `undefined` for a value that the
 * loss does not depend on.
 *
 * Only values on a path from `wrt` to `loss` are visited: the rule of a frozen weight is never called, so no node is
 * spent on its gradient. What is cheap to compute again is not kept for the backward pass (selective recomputation,
 * Korthikanti et al. 2022, arXiv:2205.05198).
 *
 * @param seed Gradient of the final objective by `loss`, in the shape of `loss`: 1, or 1 ÷ the tokens of a step.
 */
export function backward(loss: Value, wrt: readonly Value[], seed: Value): (Value | undefined)[] {
  const { graph } = loss;
  const needed = dependents(graph, wrt);
  const gradients = new Map<Value, Value>([[loss, seed]]);

  for (const y of graph.values.slice(0, loss.id + 1).reverse()) {
    const dy = gradients.get(y);
    const node = nodeOf(y);
    if (!dy || !node) continue;
    node.inputs.forEach((x, i) => {
      if (!needed.has(x)) return;
      const dx = within(graph, node.module, () => node.op.vjp(i, dy, kept(node.inputs, dy), y, node.attrs));
      if (!dx) return;
      const part = sumTo(dx, x);
      const sum = gradients.get(x);
      gradients.set(x, sum ? add(sum, part) : part);
    });
  }
  return wrt.map((x) => gradients.get(x));
}

/** The operands as the backward pass reads them: those that are cheap are computed again, once `dy` is known. */
function kept(inputs: readonly Value[], dy: Value): Value[] {
  return inputs.map((x) => {
    const node = nodeOf(x);
    const [first, ...rest] = node?.inputs ?? [];
    if (!node?.op.cheap || !first) return x;
    return x.graph.node(node.op, [barrier(first, dy), ...rest], node.attrs, node.module);
  });
}

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
