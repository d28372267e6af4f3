import type { Graph, Init, Value } from "../../ir/graph.ts";

/** Bytes of an element in the factorizations, which are in double precision, and of one of the weight that they read. */
const [DOUBLE, SINGLE] = [8, 4];

/**
 * Working memory in bytes of the largest factorization of a base weight that a parameter starts from. It is free again before the first
 * step.
 * @param base The model as it was, which names the shapes of the weights.
 */
export function startBytes(graph: Graph, base: Graph): number {
  return graph.params.reduce((most, { origin: { init } }) => Math.max(most, init ? bytesOf(init, base) : 0), 0);
}

function bytesOf(init: Init, base: Graph): number {
  if (init.kind !== "qr" && init.kind !== "svd" && init.kind !== "quantizationError") return 0;
  const [rows, columns] = (base.named(init.of) as Value).shape as [number, number];
  const size = rows * columns;
  const copy = (SINGLE + DOUBLE) * size;
  if (init.kind === "qr") return copy;
  if (init.kind === "svd" && init.iterations !== undefined) return copy + DOUBLE * size; // the transpose
  const eigen = 3 * DOUBLE * Math.min(rows, columns) ** 2; // the Gram matrix, as rows and as a matrix, and its eigenvectors
  return copy + eigen + (init.kind === "quantizationError" ? 2 * SINGLE * size : 0); // the weight quantized, and the difference
}
