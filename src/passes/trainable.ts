import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";

/** Freezes every parameter that trains now and that `keep` does not name; frozen ones stay frozen. */
export const keepTrainable = (keep: (param: string) => boolean): Pass => ({
  name: "keepTrainable",
  run: (graph) => rewrite(graph, { param: (param) => ({ ...param, trainable: param.trainable && keep(param.name) }) }),
});
