import type { MemoryBytes, TrainEvent } from "./events.ts";

/** What a run would take, without running it; times are estimated from two real steps. */
export interface Plan {
  readonly model: string;
  readonly method: string;
  readonly device: string;
  readonly trainableParameters: number;
  readonly totalParameters: number;
  readonly trainablePercent: number;
  readonly examples: number;
  readonly steps: number;
  /** Real tokens of the whole run. */
  readonly numTokens: number;
  readonly memoryBytes: MemoryBytes;
  /** Size of what is saved at the end. */
  readonly savedBytes: number;
  readonly trainSeconds: number;
}

/** One module of a model, as `inspect` shows it. */
export interface InspectedModule {
  /** Dotted path: `bert.encoder.layer.0.attention.self.query`. */
  readonly path: string;
  /** What it computes: `Linear`, `LayerNorm`, … */
  readonly type: string;
  /** Shape of its weight. */
  readonly shape: readonly number[];
  readonly parameters: number;
  /** Whether the method adds to it or trains it. */
  readonly target: boolean;
}

/** A training example as the model sees it, token by token. */
export interface InspectedExample {
  readonly tokens: readonly { readonly text: string; readonly trained: boolean }[];
  readonly label?: string;
}

/** What `inspect` found: the module tree, and examples if they were asked for. */
export interface Inspection {
  readonly modules: readonly InspectedModule[];
  readonly examples: readonly InspectedExample[];
}

/** The label of one text. */
export interface Prediction {
  readonly text: string;
  readonly label: string;
  /** Probability of `label`. */
  readonly score: number;
  readonly probabilities: Readonly<Record<string, number>>;
}

/** One run of a comparison; a row of `comparison.json`, in camelCase. Intervals are 95 %, `[low, high]`. */
export interface ComparisonRow {
  readonly method: string;
  readonly seed: number;
  readonly trainableParameters: number;
  readonly totalParameters: number;
  readonly trainablePercent: number;
  readonly peakRssBytes: number;
  readonly memoryBytes: MemoryBytes;
  readonly trainSeconds: number;
  readonly tokensPerSecond: number;
  readonly savedBytes: number;
  readonly microF1: number;
  readonly macroF1: number;
  readonly microF1Interval: readonly [number, number];
  readonly macroF1Interval: readonly [number, number];
}

/** What happens in a comparison: the events of each run in turn, its row, and at the end where the report lies. */
export type CompareEvent =
  | { readonly kind: "run"; readonly method: string; readonly seed: number; readonly event: TrainEvent }
  | { readonly kind: "row"; readonly row: ComparisonRow }
  | { readonly kind: "done"; readonly rows: readonly ComparisonRow[]; readonly files: readonly string[] };
