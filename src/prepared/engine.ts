import type { Graph, ParamValue } from "../ir/graph.ts";
import type { EmittedModel } from "../onnx/emit.ts";
import type { Target } from "../onnx/target.ts";
import type { DeviceName, Session } from "../session/session.ts";
import type { Weights } from "./prepared.ts";

/** Options for opening a session. */
export interface EngineOptions {
  /** Threads inside one operator; default: the machine's cores. */
  readonly threads?: number;
}

/** Options for compiling a graph. */
export interface CompileOptions extends EngineOptions {
  /**
   * True for parameters that never change while the session is open. The engine lays them out for its operators once, which makes
   * runs of few tokens faster and takes a copy of each. Default: none.
   */
  readonly isFixed?: (param: ParamValue) => boolean;
}

/** A device that graphs run on, with the operators that it has. Made once, and carried by what is prepared for it. */
export interface Engine {
  /** Its name. */
  readonly device: DeviceName;
  /** The operators that graphs are written in for it. */
  readonly target: Target;
  /** Warnings about how it computes here. */
  warnings(): Promise<readonly string[]>;
  /** A graph in the target's operators. */
  emit(graph: Graph, isFixed?: CompileOptions["isFixed"]): Promise<EmittedModel>;
  /** A session on a model, with its weights bound. ONNX Runtime is loaded here, so not where nothing runs. */
  open(model: EmittedModel, weights: Weights, options?: EngineOptions): Promise<Session>;
  /** A session on a graph, with its weights bound. */
  compile(graph: Graph, weights: Weights, options?: CompileOptions): Promise<Session>;
}
