/** Peak memory by what it holds, in bytes. */
export interface MemoryBytes {
  readonly weights: number;
  readonly quantizedWeights: number;
  readonly gradients: number;
  readonly optimizer: number;
  readonly activations: number;
  readonly runtime: number;
}

/** Predicted memory of a device besides the CPU, in bytes: its part of the host's weights, and all that nodes take. */
export interface DeviceMemoryBytes {
  readonly weights: number;
  readonly activations: number;
}

/** Rows of the training split that `validation_split_percentage` holds back as the validation split. */
export interface HeldBackRows {
  readonly percentage: number;
  /** Rows that are trained on. */
  readonly trainRows: number;
  readonly validationRows: number;
}

/** Description of a run, known before its first step. */
export interface RunHeader {
  readonly model: string;
  readonly method: string;
  readonly taskType: string;
  /** The execution provider that really runs it. */
  readonly device: string;
  /** The device and why it was taken, where the recipe leaves the choice or names one besides the CPU. */
  readonly deviceReason?: string;
  readonly trainableParameters: number;
  readonly totalParameters: number;
  /** Training examples of one epoch. */
  readonly examples: number;
  readonly heldBack?: HeldBackRows;
  readonly epochs: number;
  /** Optimizer steps of the whole run. */
  readonly steps: number;
  /** Examples an optimizer step, micro-batches added up; with `max_batch_tokens` on average. */
  readonly batchSize: number;
  readonly outputDir: string;
}

/** The contents of `train_results.json`, in camelCase. Times in seconds, memory in bytes. */
export interface TrainResults {
  readonly trainableParameters: number;
  readonly totalParameters: number;
  readonly trainablePercent: number;
  readonly trainSeconds: number;
  /** From process start to the end of the first step. */
  readonly firstStepSeconds: number;
  /** Optimizer steps done. */
  readonly steps: number;
  /** The step at which early stopping ended the run; absent when it went to its end. */
  readonly stoppedEarlyAtStep?: number;
  /** Real tokens trained on, padding not counted. */
  readonly numTokens: number;
  /** Weights of the classes in the loss, in the order of the head's outputs; absent without class weights. */
  readonly classWeights?: readonly { readonly label: string; readonly weight: number }[];
  readonly tokensPerSecond: number;
  readonly peakRssBytes: number;
  readonly memoryBytes: MemoryBytes;
  /** The peak that was predicted before the first step; absent when a resumed run had none left. */
  readonly plannedPeakRssBytes?: number;
  readonly plannedMemoryBytes?: MemoryBytes;
}

/** Scores of one class; `support` is its number of examples. */
export interface ClassScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}

/** The contents of `eval_results.json`, under its own names, which `metric_for_best_model` uses too. */
export interface EvalResults {
  readonly eval_loss: number;
  readonly eval_samples: number;
  readonly [metric: string]: number | Readonly<Record<string, ClassScores>>;
}

/** One optimizer step. `loss` is the mean over the step's trained tokens or examples. */
export interface StepEvent {
  readonly kind: "step";
  /** From 1. */
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Over all trainable parameters, before clipping. */
  readonly gradNorm: number;
  /** Real tokens since the start of the run. */
  readonly numTokens: number;
  readonly tokensPerSecond: number;
  readonly rssBytes: number;
}

/** Tokenization progress of a split, at most once a second. Not emitted for splits that finish sooner. */
export interface TokenizeEvent {
  readonly kind: "tokenize";
  readonly rows: number;
  /** Rows of the split. */
  readonly total: number;
}

/** Events of a run, in order: one start, then steps, evaluations and saves, an early stop if there is one, then done. */
export type TrainEvent =
  | TokenizeEvent
  | { readonly kind: "start"; readonly header: RunHeader }
  | StepEvent
  | { readonly kind: "eval"; readonly step: number; readonly epoch: number; readonly metrics: EvalResults }
  | { readonly kind: "save"; readonly step: number; readonly path: string }
  | { readonly kind: "early_stop"; readonly step: number; readonly message: string }
  | { readonly kind: "warning"; readonly message: string }
  | { readonly kind: "done"; readonly results: TrainResults };

/** The event as a line of `metrics.jsonl` and of `--json`: flat, snake_case, its kind under `event`. */
export function toLogRecord(event: TrainEvent): Record<string, unknown> {
  switch (event.kind) {
    case "start":
      return { event: "start", ...snakeCaseKeys(event.header) };
    case "step": {
      const { kind, steps: _, ...figures } = event;
      return { event: kind, ...snakeCaseKeys(figures) };
    }
    case "eval":
      return { event: "eval", step: event.step, epoch: event.epoch, ...event.metrics };
    case "done":
      return { event: "done", ...snakeCaseKeys(event.results) };
    case "tokenize":
    case "save":
    case "early_stop":
    case "warning": {
      const { kind, ...rest } = event;
      return { event: kind, ...rest };
    }
    default:
      return event satisfies never;
  }
}

/**
 * A copy with `camelCase` keys spelled `snake_case`, nested objects and lists included.
 * For records whose keys are ours, never for records keyed by labels.
 */
export function snakeCaseKeys(record: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), nested(value)]),
  );
}

function nested(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nested);
  return typeof value === "object" && value !== null ? snakeCaseKeys(value) : value;
}
