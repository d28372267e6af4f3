import type { NodeProto } from "onnx-buf";
import type { DimBindings } from "../../ir/dims.ts";
import type { EmittedModel } from "../emit.ts";
import { Arena } from "./arena.ts";
import { executionOrder } from "./execution-order.ts";
import { inferFacts } from "./infer-facts.ts";
import { type Allocator, type MemoryStep, runLifetimes } from "./lifetimes.ts";
import { countOf, integer } from "./tensor-facts.ts";

/** Resident memory of ONNX Runtime with an open session, and of each node of its graph; measured. */
const OPEN_BYTES = 34e6;
const NODE_BYTES = 5200;

/** Memory of a session, in bytes. */
export interface EngineMemory {
  /** The engine and its graph. */
  readonly session: number;
  /** Arena bytes that were touched after all runs. */
  readonly arena: number;
}

/**
 * Predicts what a session will take, by going through its runs without computing: every tensor's size follows from the
 * shapes that are fed, its lifetime from the order in which the engine runs nodes, its place from how the arena works.
 *
 * @param runs Lengths of the named dims, for each run.
 */
export function engineMemory(model: EmittedModel, runs: readonly DimBindings[]): EngineMemory {
  const arena = new Arena();
  const steps = stepsOf(model);
  for (const lengths of runs) replayRun(model, lengths, arena, steps);
  return { session: OPEN_BYTES + NODE_BYTES * model.nodes.length, arena: arena.touchedBytes };
}

/** Asks `memory` for all that one run asks the engine's arena for. */
export function replayRun<Block>(
  model: EmittedModel,
  lengths: DimBindings,
  memory: Allocator<Block>,
  steps: readonly MemoryStep[] = stepsOf(model),
): void {
  const facts = inferFacts(model, lengths);
  const bytesOf = (name: string): number => {
    const { shape = [], size = 0 } = facts.get(name) ?? {};
    return countOf(shape) * size;
  };
  runLifetimes(steps, bytesOf, new Set(model.outputs.values()), memory);
}

/** The nodes in the order in which they run. */
const stepsOf = ({ nodes }: EmittedModel): MemoryStep[] =>
  executionOrder(nodes).map((node) => ({
    inputs: node.input,
    outputs: node.output,
    view: VIEWS.has(node.opType),
    scratch: scratchOf(node),
  }));

const VIEWS = new Set(["Reshape", "Squeeze", "Unsqueeze"]);

/** `MatMulBnb4` unpacks its weight before it multiplies. */
const scratchOf = (node: NodeProto): number =>
  node.opType === "MatMulBnb4" ? 4 * integer(node, "N", 0) * integer(node, "K", 0) : 0;
