import type { MemoryBytes } from "../../events/events.ts";
import type { Graph } from "../../ir/graph.ts";
import { ELEMENT_BYTES } from "../../ir/types.ts";

/** Bytes that a model's parameters take, and those of their gradients. */
export function parameterBytes(graph: Graph): { weights: number; quantizedWeights: number; gradients: number } {
  const bytes = { weights: 0, quantizedWeights: 0, gradients: 0 };
  for (const { origin, dtype, shape } of graph.params) {
    const size = ELEMENT_BYTES[dtype] * shape.reduce<number>((n, dim) => n * (dim as number), 1);
    bytes[origin.quantized ? "quantizedWeights" : "weights"] += size;
    if (origin.trainable) bytes.gradients += size;
  }
  return bytes;
}

/**
 * Splits a measured peak into what is known and, as activations, the rest.
 * @param runtimeBytes What the process took before a weight was read, and the engine when it was opened.
 */
export function memoryByCategory(graph: Graph, optimizer: number, peak: number, runtimeBytes: number): MemoryBytes {
  const known = { ...parameterBytes(graph), optimizer, runtime: runtimeBytes };
  const sum = Object.values(known).reduce((a, b) => a + b, 0);
  return { ...known, activations: Math.max(0, peak - sum) };
}
