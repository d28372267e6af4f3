import type { Graph } from "../ir/graph.ts";
import type { EmittedModel } from "../onnx/emit.ts";
import type { Weights } from "../prepared/prepared.ts";
import type { Session } from "../session/session.ts";

interface EngineOptions {
  readonly threads?: number;
}

/** Compiles a graph on the engine, with its weights bound. */
export async function compile(graph: Graph, weights: Weights, options?: EngineOptions): Promise<Session> {
  return open(await emit(graph), weights, options);
}

/** A graph in the engine's words. */
export async function emit(graph: Graph): Promise<EmittedModel> {
  return (await import("../onnx/emit.ts")).emitOnnx(graph);
}

/** Opens a session on a model, with its weights bound. The engine is loaded here, so not where nothing runs. */
export async function open(model: EmittedModel, weights: Weights, options: EngineOptions = {}): Promise<Session> {
  return (await import("#session")).openSession(model, { weights, ...options });
}
