import type { Graph } from "../../ir/graph.ts";
import type { Session } from "../../session/session.ts";
import type { Weights } from "./weights.ts";

/** Compiles a graph on the engine, with its weights bound. The engine is loaded here, so not where nothing runs. */
export async function compile(graph: Graph, weights: Weights, options: { threads?: number } = {}): Promise<Session> {
  const [{ emitOnnx }, { openSession }] = await Promise.all([
    import("../../onnx/emit.ts"),
    import("../../session/node.ts"),
  ]);
  return openSession(emitOnnx(graph), { weights, ...options });
}
