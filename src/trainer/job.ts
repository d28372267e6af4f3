import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { PlainError } from "../errors.ts";
import type { RowsInMemory } from "./dataset.ts";
import type { TrainEvent } from "./events.ts";

/** All that a training thread is told. */
export interface Job {
  readonly recipe: ResolvedRecipe;
  /** Data given in memory instead of `dataset_name`. */
  readonly rows?: RowsInMemory;
  /** Parameters to start from instead of the checkpoint's or fresh ones. */
  readonly given?: ReadonlyMap<string, Float32Array>;
  /** Whether the output folder is written. */
  readonly write: boolean;
}

/** The trained parameters, by name. */
export type Trained = Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** What a training thread says. */
export type JobMessage =
  | { readonly kind: "event"; readonly event: TrainEvent }
  | { readonly kind: "trained"; readonly trained: Trained }
  | { readonly kind: "error"; readonly error: PlainError };
