import type { DeviceMemoryBytes, HeldBackRows, MemoryBytes, TrainEvent } from "./events.ts";

/** Estimated cost of a run: memory is predicted, time is measured on two real steps, one the longest. */
export interface Plan {
  readonly model: string;
  readonly method: string;
  readonly device: string;
  readonly trainableParameters: number;
  readonly totalParameters: number;
  readonly trainablePercent: number;
  readonly examples: number;
  readonly heldBack?: HeldBackRows;
  readonly steps: number;
  /** Real tokens of the whole run. */
  readonly numTokens: number;
  /** The peak of the run in a process of its own: the sum of `memoryBytes`. */
  readonly peakRssBytes: number;
  readonly memoryBytes: MemoryBytes;
  /** In a page: memory that the run takes of WebAssembly's heap, and the most that this holds. */
  readonly heapBytes?: number;
  readonly heapLimitBytes?: number;
  /** The device and why it was taken, where the recipe leaves the choice or names one besides the CPU. */
  readonly deviceReason?: string;
  /** Memory of the device; absent on a CPU. */
  readonly deviceMemoryBytes?: DeviceMemoryBytes;
  /** Size of the weights saved at the end: the adapter, or the whole model. */
  readonly savedBytes: number;
  /** Absent where the run would not fit into the machine's memory, so that nothing was run. */
  readonly trainSeconds?: number;
}

/** One module of a model, as `inspect` shows it. */
export interface InspectedModule {
  /** Dotted path: `bert.encoder.layer.0.attention.self.query`. */
  readonly path: string;
  /** Operation: `Linear`, `LayerNorm`, `Linear nf4`, …; empty for a module of modules. */
  readonly type: string;
  /** Shape of its weight; empty for a module of modules. */
  readonly shape: readonly number[];
  /** Elements of its parameters, those of the modules in it included; an adapter's are not among a layer's own. */
  readonly parameters: number;
  /** Elements that train, adapters included. */
  readonly trainable: number;
  /** True when the method adds an adapter to it. */
  readonly target: boolean;
}

/** A training example as the model sees it, token by token. */
export interface InspectedExample {
  /** Labels of the tokens that count, where words are labelled. */
  readonly tokens: readonly { readonly text: string; readonly trained: boolean; readonly label?: string }[];
  /** Label of a text. */
  readonly label?: string;
}

/** Result of `inspect`: the module tree, and examples if they were asked for. */
export interface Inspection {
  readonly modules: readonly InspectedModule[];
  readonly examples: readonly InspectedExample[];
  readonly heldBack?: HeldBackRows;
}

/** A label, and how sure the model is. */
export interface LabelScore {
  readonly label: string;
  /** Probability of `label`. */
  readonly score: number;
  readonly probabilities: Readonly<Record<string, number>>;
}

/** The labels of a text that may have any number, the likeliest first: those whose probability reaches the threshold. */
export interface LabelsScore {
  readonly labels: readonly { readonly label: string; readonly score: number }[];
  readonly probabilities: Readonly<Record<string, number>>;
}

/** The value of a text. */
export interface ValueScore {
  readonly value: number;
}

/** Prediction for a text or a word. */
export type TextScore = LabelScore | LabelsScore | ValueScore;

/** A word and its label. A word without tokens, or beyond `max_length`, has none. */
export type WordPrediction = { readonly word: string } & (LabelScore | { readonly label: null });

/** The prediction for one text: its label or, where words are labelled, one for each; without a label, the reason. */
export type Prediction = {
  /** Place of the text among the inputs, from 0. */
  readonly index: number;
  readonly text: string;
} & (TextScore | { readonly words: readonly WordPrediction[] } | { readonly label: null; readonly error: string });

/** The embedding of one text; without one, the reason. */
export type TextEmbedding = {
  /** Place of the text among the inputs, from 0. */
  readonly index: number;
  readonly text: string;
} & ({ readonly embedding: Float32Array } | { readonly embedding: null; readonly error: string });

/** A score between the ends of its 95 % interval. */
type Interval = readonly [low: number, high: number];

/** Scores of a classifier in a comparison. */
export interface ClassScoresOfRow {
  readonly microF1: number;
  readonly macroF1: number;
  readonly microF1Interval: Interval;
  readonly macroF1Interval: Interval;
}

/** Scores of a language model in a comparison. */
export interface LanguageScoresOfRow {
  /** Share of the examples whose trained tokens are all the model's first choice. */
  readonly exactMatch: number;
  readonly perplexity: number;
  readonly exactMatchInterval: Interval;
  readonly perplexityInterval: Interval;
}

/** Scores of search in a comparison. */
export interface RetrievalScoresOfRow {
  /** Normalised discounted cumulative gain of the first ten results. */
  readonly ndcg: number;
  /** Mean reciprocal rank of the first answer among ten results. */
  readonly mrr: number;
  readonly ndcgInterval: Interval;
  readonly mrrInterval: Interval;
}

/** Scores of a model of values in a comparison. */
export interface ValueScoresOfRow {
  readonly pearson: number;
  readonly spearman: number;
  readonly pearsonInterval: Interval;
  readonly spearmanInterval: Interval;
}

/** One run of a comparison; a row of `comparison.json`, in camelCase. */
export type ComparisonRow = {
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
} & (ClassScoresOfRow | LanguageScoresOfRow | RetrievalScoresOfRow | ValueScoresOfRow);

/** A score of a row, with the name that people read. */
export interface RowScore {
  readonly title: string;
  readonly value: number;
  readonly interval: Interval;
}

/** The scores of a row; the last is the one that a comparison is drawn by. */
export function scoresOfRow(row: ComparisonRow): readonly [RowScore, RowScore] {
  if ("microF1" in row) {
    return [
      { title: "micro F1", value: row.microF1, interval: row.microF1Interval },
      { title: "macro F1", value: row.macroF1, interval: row.macroF1Interval },
    ];
  }
  if ("ndcg" in row) {
    return [
      { title: "MRR@10", value: row.mrr, interval: row.mrrInterval },
      { title: "NDCG@10", value: row.ndcg, interval: row.ndcgInterval },
    ];
  }
  if ("pearson" in row) {
    return [
      { title: "Pearson", value: row.pearson, interval: row.pearsonInterval },
      { title: "Spearman", value: row.spearman, interval: row.spearmanInterval },
    ];
  }
  return [
    { title: "exact match", value: row.exactMatch, interval: row.exactMatchInterval },
    { title: "perplexity", value: row.perplexity, interval: row.perplexityInterval },
  ];
}

/** Events of a comparison: those of each run in turn, its row, and at the end the files of the report. */
export type CompareEvent =
  | { readonly kind: "run"; readonly method: string; readonly seed: number; readonly event: TrainEvent }
  | { readonly kind: "row"; readonly row: ComparisonRow }
  | { readonly kind: "done"; readonly rows: readonly ComparisonRow[]; readonly files: readonly string[] };
