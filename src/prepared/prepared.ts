import type { Labels } from "../examples/labels.ts";
import type { SentenceModules } from "../formats/sentence-transformers/modules.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import type { Graph } from "../ir/graph.ts";
import type { Architecture } from "../models/parts/architecture.ts";
import type { Pooling } from "../models/parts/pooling.ts";
import type { SchemeOf } from "../passes/quantize.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { RuntimeTensor } from "../session/session.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { BaseFiles } from "./base-files.ts";
import type { Engine } from "./engine.ts";

/** Arrays by parameter name. */
export type Weights = Map<string, RuntimeTensor>;

/** Source of the graphs of a run. */
export interface GraphSource {
  readonly recipe: ResolvedRecipe;
  readonly architecture: Architecture;
  /** The parsed `config.json`. */
  readonly config: unknown;
  /** Number of classes. */
  readonly labels: number;
  /** Pooling of an embedding model. */
  readonly pooling?: Pooling;
  /** The blocks in which the base's file holds weights; absent: in none. */
  readonly blocks?: SchemeOf;
}

/** A base model found on disk; no weights are read yet. */
export interface Base {
  readonly checkpoint: Checkpoint;
  readonly tokenizer: Tokenizer;
  readonly files: BaseFiles;
  readonly architecture: Architecture;
  /** Pooling and prompts of an embedding model; absent for other tasks. */
  readonly modules?: SentenceModules;
  /** Contradictions of its files, and how they were settled. */
  readonly warnings: readonly string[];
}

/** A model under a recipe's method, as graphs. */
export interface Prepared extends Base {
  readonly engine: Engine;
  readonly source: GraphSource;
  readonly base: Graph;
  /** Under the method, without dropout; its parameters are all there are. */
  readonly graph: Graph;
  readonly labels: Labels;
  /** Probability from which on a label is predicted, once it is chosen; of models whose texts have any number of labels. */
  readonly threshold?: number;
}
