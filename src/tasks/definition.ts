import type { Row, Rows } from "../data/row.ts";
import type { EvalResults } from "../events/events.ts";
import type { TextScore } from "../events/reports.ts";
import type { Columns } from "../examples/classification.ts";
import type { Encoded } from "../examples/encode.ts";
import type { Example, Examples } from "../examples/examples.ts";
import type { Label, Labelled, Labels } from "../examples/labels.ts";
import type { Graph, Value } from "../ir/graph.ts";
import type { Worst } from "../metrics/worst.ts";
import type { Random } from "../random.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { Session } from "../session/session.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { EvalPrediction } from "./reports/entries.ts";
import type { ReportRow, TaskReport } from "./reports/report.ts";

export type { Example, Examples } from "../examples/examples.ts";

/** Encoding of texts and labels as numbers. */
export interface Encoding {
  readonly tokenizer: Tokenizer;
  readonly labels: Labels;
  /** Longest example in tokens. */
  readonly maxLength: number;
}

/** One split, read and checked but not yet tokenised. Its rows are not held: they are read again to be tokenised. */
export interface Split {
  /** Each label of the data where it comes first; none for a language model. Classes are made of them. */
  readonly labels: readonly Labelled[];
  /** Class names by id, where the data's file has them. */
  readonly classNames?: readonly string[];
  /** Number of classes, where each row has a number for each class. */
  readonly classCount?: number;
  /** Rows. */
  readonly size: number;
  /**
   * Tokenises every row.
   * @param onRow Called after each.
   * @throws {DataError} for a label that training never saw, or when nothing is left.
   */
  encode(encoding: Encoding, onRow?: () => void): Promise<Encoded>;
  /**
   * The examples of every row, tokenised when they are asked for; absent for few rows, and for tasks whose rows have to be
   * tokenised to be counted.
   */
  readonly onDemand?: (encoding: Encoding) => Encoded;
  /** Texts of the rows at some places (`file:line`), as the data has them. */
  texts(locations: ReadonlySet<string>): Promise<ReadonlyMap<string, string>>;
  /** Looks for a row that has anything to train on. @throws {DataError} as `encode` would, when none has. */
  check(encoding: Encoding): Promise<void>;
}

/** A model ready to be asked. */
export interface Asked {
  readonly session: Session;
  /** The graph that the session runs. */
  readonly graph: Graph;
  readonly padId: number;
}

/** Options for scoring examples. */
export interface ScoreOptions {
  readonly batchSize: number;
  /** Class names by id. */
  readonly classes: readonly string[];
  /** Probability from which on a label is predicted; absent: the best for the examples. */
  readonly threshold?: number;
  /** Lengths to which embeddings are cut in the loss. */
  readonly matryoshkaDims?: readonly number[];
  /** Once it says so, scoring ends without a result. */
  readonly stop: () => boolean;
  /** Collector of the worst examples by number, with the cells that the task's report shows of them. */
  readonly worst?: Worst<ReportRow>;
  /** Text of tokens, for those cells. */
  readonly decode?: (ids: Iterable<number>) => string;
}

/** Results of an evaluation. */
export interface Scores {
  /** The contents of `eval_results.json`. */
  readonly metrics: EvalResults;
  /** Predictions as columns of equal length: the contents of `eval_predictions.json`. */
  readonly predictions: Readonly<Record<string, readonly unknown[]>>;
}

/** Certainty of a use, the highest first: columns of the task's own, a column of labels, any text. */
export const CERTAINTIES = ["structure", "labels", "text"] as const;

/** A use of rows for a task: what `lowrank init` makes of them. */
export interface Use {
  readonly certainty: (typeof CERTAINTIES)[number];
  /** Recipe keys that name the columns. */
  readonly keys: { readonly text_column?: string; readonly label_column?: string };
  /** Description of the rows: "texts with a label each". */
  readonly about: string;
  /** File name of the recipe, among those that come with the library, to start from. */
  readonly start: string;
}

/** Definition of a task: its rows, its loss and its scores. */
export interface TaskDefinition {
  /** True when labels of rows, as the data has them, are this problem's; the usual problem takes all others. */
  fits?(labels: readonly unknown[]): boolean;
  /** True when columns of rows are this loss's, where the columns decide it. */
  reads?(columns: readonly string[], recipe: ResolvedRecipe): boolean;
  /** Uses of rows for this task, the likeliest first; `given` names columns. */
  uses(rows: readonly Row[], given: Partial<Columns>): readonly Use[];
  /** Walks over all rows, and checks what the task reads of each. @throws {DataError} naming file and line of a bad row. */
  split(rows: Rows, recipe: ResolvedRecipe): Promise<Split>;
  /** Labels of a row, each of which rows that are held back leave in training; absent where rows have none. */
  labelsOf?(row: Row, recipe: ResolvedRecipe): readonly Label[];
  /** An example as one step sees it, where no two steps see it alike. */
  draw?(example: Example, tokenizer: Tokenizer, recipe: ResolvedRecipe, random: Random): Example;
  /** Positions from a label to the token that it names: 1 where each position predicts the next token. Default 0. */
  readonly labelsAhead?: number;
  /** True when the loss compares the examples of a micro-batch with each other, so that it is not cut into passes. */
  readonly wholeBatches?: boolean;
  /** Loss of a training step: the sum over texts, words or tokens; those labelled −100 are left out. */
  loss(graph: Graph, recipe: ResolvedRecipe): Value;
  /** The graph that scores examples, made of the model's own, which ends in `logits`. */
  scoringGraph(graph: Graph): Graph;
  /** Scores a model that runs `scoringGraph`; `undefined` when it was stopped. */
  score(asked: Asked, examples: Examples, options: ScoreOptions): Promise<Scores | undefined>;
  /** Predictions and labels of scores, for metrics of the user's own; absent in tasks that keep none. */
  entries?(scores: Scores): EvalPrediction;
  /** Report of an evaluation. */
  readonly report: TaskReport;
  /** True when the probability from which on a label is predicted is chosen on the validation split. */
  readonly choosesThreshold?: boolean;
  /** Prediction of a text or word from its logits; absent in tasks without labels. */
  prediction?(logits: Float32Array, options: Pick<ScoreOptions, "classes" | "threshold">): TextScore;
  /** Label of an example as `inspect` shows it. */
  labelText?(example: Example, names: readonly string[]): string;
  /** Names of the figures that `score` finds; `metric_for_best_model` is one of them. */
  readonly metrics: readonly string[];
  /** Names of those that are best low; all others are best high. */
  readonly lowerIsBetter: readonly string[];
}
