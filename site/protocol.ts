/** The tasks that the page gives its worker, and what the worker says of its own accord. Types only. */
import type { EvalResults, FoundRows, Plan, Prediction, TrainEvent, TrainResults } from "lowrank";

/** A file of the user under the name that it is stored by, which may have folders. */
export interface NamedFile {
  readonly name: string;
  readonly blob: Blob;
}

/** Facts of the tab that computes. */
export interface Engine {
  readonly version: string;
  /** True when WebAssembly may have threads. */
  readonly isolated: boolean;
  readonly threads: number;
  /** Fine-tuning methods with a line about each, as the recipe's schema has them. */
  readonly methods: readonly { readonly name: string; readonly about: string }[];
}

/** Names of the columns that are read. */
export interface Columns {
  readonly text: string;
  readonly label: string;
}

/** Documents as they were found. */
export interface Documents extends Pick<FoundRows, "splits" | "size" | "columns" | "first" | "delimiter"> {
  /** Name for people. */
  readonly name: string;
  /** Value of the recipe's `dataset_name`. */
  readonly path: string;
  /** The package's guess; absent where it cannot tell. */
  readonly guess?: Columns;
}

/** A base model that is stored. */
export interface ModelChoice {
  readonly kind: "embedded" | "folder";
  /** Value of the recipe's `model_name_or_path`. */
  readonly path: string;
  /** Name for people, and in the files that are downloaded. */
  readonly name: string;
}

/** Choices that make a run. */
export interface RunChoice {
  readonly documents: Pick<Documents, "name" | "path" | "delimiter" | "splits">;
  readonly columns: Columns;
  readonly model: ModelChoice;
  readonly method: string;
  /** Texts of the recipe keys that were filled in. */
  readonly keys: Readonly<Record<string, string>>;
}

/** Values of a method's keys that the page has fields for, where nothing was changed. */
export type UsualKeys = Readonly<Record<string, number | undefined>>;

/** A picture as text. */
export interface Picture {
  readonly name: string;
  readonly svg: string;
}

/** A finished run. */
export interface Outcome {
  readonly choice: RunChoice;
  readonly scores?: EvalResults;
  readonly results: TrainResults;
  readonly pictures: readonly Picture[];
  /** Bytes of the WebAssembly heap at its largest: what ONNX Runtime took. */
  readonly heapBytes: number;
}

/** What an earlier visit left. */
export interface Earlier {
  readonly documents?: Documents;
  readonly model?: ModelChoice;
  readonly outcome?: Outcome;
  /** The run that was begun and not finished, with the step of its newest checkpoint. */
  readonly unfinished?: { readonly choice: RunChoice; readonly step: number };
}

/** Predictions for a text by the model before and after training. */
export interface Tried {
  readonly before: Prediction;
  readonly after: Prediction;
}

/** Downloads of a finished run. */
export type Download = "adapter" | "recipe" | "onnx";

/** Address of the page's folder. */
export interface Site {
  readonly site: string;
}

interface Task<Given, Value> {
  readonly given: Given;
  readonly value: Value;
}

/** Every task of the worker with what it is given and what comes back. */
export interface Tasks {
  engine: Task<undefined, Engine>;
  earlier: Task<undefined, Earlier>;
  /** Removes a run that was not finished. */
  discard: Task<undefined, void>;
  documents: Task<{ readonly name: string; readonly files: readonly NamedFile[] }, Documents>;
  /** Takes the provisions that the page serves. */
  provisions: Task<Site, Documents>;
  model: Task<{ readonly name: string; readonly files: readonly NamedFile[] }, ModelChoice>;
  /** Takes the encoder that the page serves. */
  embedded: Task<Site, ModelChoice>;
  usual: Task<Pick<RunChoice, "model" | "method">, UsualKeys>;
  plan: Task<RunChoice, Plan>;
  train: Task<{ readonly choice: RunChoice; readonly resume: boolean }, Outcome>;
  pause: Task<undefined, void>;
  proceed: Task<undefined, void>;
  stop: Task<undefined, void>;
  compare: Task<RunChoice, Outcome>;
  try: Task<{ readonly texts: readonly string[] }, readonly Tried[]>;
  download: Task<Download, File>;
  forget: Task<undefined, void>;
}

/** Name of a task. */
export type TaskName = keyof Tasks;

/** A problem in words; the first line says what is wrong, the others where and what to do. */
export interface Problem {
  /** The package's own code, `E_DATA` and the like; absent for any other error. */
  readonly code?: string;
  readonly message: string;
}

/** Message to the worker. */
export type Request = { [Name in TaskName]: { id: number; task: Name; given: Tasks[Name]["given"] } }[TaskName];

/** Message of the worker: the end of a task, or an event of the run at hand. */
export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly problem: Problem }
  | { readonly event: TrainEvent }
  | { readonly doing: string };
