import type { Graph } from "../ir/graph.ts";
import { emitOnnx } from "../onnx/emit.ts";
import { openSession } from "../session/node.ts";
import type { Session } from "../session/session.ts";
import type { Weights } from "./weights.ts";

/** Compiles a graph on the engine, with its weights bound. */
export const compile = (graph: Graph, weights: Weights, options: { threads?: number } = {}): Promise<Session> =>
  openSession(emitOnnx(graph), { weights, ...options });
