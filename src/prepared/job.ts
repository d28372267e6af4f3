import type { PlainError } from "../errors.ts";
import type { TrainEvent } from "../events/events.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";

/** Rows given in memory instead of `dataset_name`, by split. */
export type RowsInMemory = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

/** All that a training thread is told. */
export interface Job {
  readonly recipe: ResolvedRecipe;
  /** Data given in memory instead of `dataset_name`. */
  readonly rows?: RowsInMemory;
  /** Folder of an adapter to start from, given as files instead of `adapter_name_or_path`. */
  readonly adapter?: string;
  /** Recipe keys that someone wrote down: a starting adapter may not contradict them. */
  readonly userSetKeys: ReadonlySet<string>;
  /** Warnings about the recipe itself. */
  readonly warnings?: readonly string[];
  /** An earlier run to go on from, instead of the checkpoint's parameters or fresh ones. */
  readonly start?: Finished;
  /** True when the output folder is written. */
  readonly write: boolean;
  /** Name of the output folder's lock, by which whoever starts the thread can release it. */
  readonly lock?: string;
  /** True when the thread sends back the trained parameters. */
  readonly returns?: boolean;
}

/** The trained parameters, by name. */
export type Trained = Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** Result of a run. */
export interface Finished {
  readonly trained: Trained;
  /** Class names by id. */
  readonly labels: readonly string[];
  /** Optimizer steps taken. */
  readonly step: number;
  /** The recipe as it ran: a starting adapter has its say in it. */
  readonly recipe: ResolvedRecipe;
  /** Probability from which on a label is predicted, where one was chosen. */
  readonly threshold?: number;
}

/** Messages of a training thread. */
export type JobMessage =
  | { readonly kind: "event"; readonly event: TrainEvent }
  | { readonly kind: "trained"; readonly finished: Finished }
  | { readonly kind: "error"; readonly error: PlainError };
