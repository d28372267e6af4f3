import type { Graph } from "../ir/graph.ts";
import { verify } from "../ir/verify.ts";

/** What a pass may depend on besides the graph. */
export interface PassContext {
  /** Whether the graph is for training: dropout runs only then. */
  readonly training: boolean;
}

/** A named function from graph to graph; it never changes the graph it is given. */
export interface Pass {
  readonly name: string;
  run(graph: Graph, context: PassContext): Graph;
}

/** How passes are run. */
export interface PassOptions extends PassContext {
  /** Check the graph after each; for tests and `--verbose`. */
  readonly verify?: boolean;
}

/** Runs passes in order. */
export function runPasses(graph: Graph, passes: readonly Pass[], options: PassOptions): Graph {
  return passes.reduce((current, pass) => {
    const next = pass.run(current, options);
    if (options.verify) verify(next);
    return next;
  }, graph);
}
