import { rssBytes } from "#platform";
import { stepGraph } from "../assemble/graphs.ts";
import { CPU } from "../devices/engine.ts";
import type { MemoryBytes } from "../events/events.ts";
import type { Graph } from "../ir/graph.ts";
import type { Session } from "../session/session.ts";
import { heapPlan, refuseBeyondHeap } from "./memory/heap.ts";
import { plannedMemory, type Workload } from "./memory/planned-memory.ts";
import type { Run } from "./state.ts";
import type { Stage } from "./unfreezing.ts";

/** The training session of a stage of unfreezing. */
export interface OpenStage {
  readonly stage: Stage;
  readonly graph: Graph;
  readonly session: Session;
  /** Predicted memory of a run of this stage. */
  readonly planned: MemoryBytes;
  /** By how much the process grew while the session was opened. */
  readonly engineBytes: number;
}

/** The session for the step at hand: the one that is open, unless another stage has begun. */
export async function stageAt(
  run: Run,
  before: OpenStage | undefined,
  batches: Workload["batches"],
  validation: Workload["validation"],
): Promise<OpenStage> {
  const { model, stages, progress, optimizer, baseBytes, weights, examples } = run;
  const stage = stages.findLast(({ step }) => step <= progress.step) as Stage;
  if (before?.stage === stage) return before;
  await before?.session.close();
  const graph = stepGraph(model.source, stages.length > 1 ? stage.trains : undefined);
  const emitted = await model.engine.emit(graph);
  const { byCategory: planned, heapBytes } = await plannedMemory({
    model,
    graph,
    emitted,
    examples,
    batches,
    optimizer,
    validation,
    baseBytes,
  });
  if (model.engine === CPU) refuseBeyondHeap(heapPlan(heapBytes)); // a device has memory of its own
  const closed = rssBytes();
  const session = await model.engine.open(emitted, weights);
  return { stage, graph, session, planned, engineBytes: Math.max(0, rssBytes() - closed) };
}
