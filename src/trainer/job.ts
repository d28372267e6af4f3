import type { PlainError } from "../errors.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { RowsInMemory } from "./dataset.ts";
import type { TrainEvent } from "./events.ts";

/** All that a training thread is told. */
export interface Job {
  readonly recipe: ResolvedRecipe;
  /** Data given in memory instead of `dataset_name`. */
  readonly rows?: RowsInMemory;
  /** Recipe keys that someone wrote down: a starting adapter may not contradict them. */
  readonly givenKeys: ReadonlySet<string>;
  /** Parameters to start from instead of the checkpoint's or fresh ones. */
  readonly start?: Trained;
  /** Whether the output folder is written. */
  readonly write: boolean;
  /** Whether the thread sends back what was trained. */
  readonly returns?: boolean;
}

/** The trained parameters, by name. */
export type Trained = Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** What a training thread says. */
export type JobMessage =
  | { readonly kind: "event"; readonly event: TrainEvent }
  | { readonly kind: "trained"; readonly trained: Trained; readonly labels: readonly string[] }
  | { readonly kind: "error"; readonly error: PlainError };
