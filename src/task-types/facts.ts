/** transformers' names of what the outputs of a classification head stand for. */
export type ProblemType = "single_label_classification" | "multi_label_classification" | "regression";

/** Losses of embeddings: what makes those that belong together close. */
export type LossType = "multiple_negatives_ranking" | "cosine_similarity" | "batch_all_triplet";

/** Words and code of a task's model cards. */
export interface TaskCard {
  /** The task in words. */
  readonly name: string;
  /** The Hub's `pipeline_tag`. */
  readonly pipeline: string;
  /** transformers' class that loads its models. */
  readonly autoModel: string;
  /** Lines of Python that ask `model` through `tokenizer`. */
  readonly ask: readonly string[];
}

/** A task as every room may know it: names, files and settings, nothing that runs. What runs is in `tasks/`. */
export interface TaskFacts {
  /** PEFT's name: `SEQ_CLS`. */
  readonly name: string;
  /** Labelled unit of a task that classifies; its classes come from the data, and its head is trained with the model. */
  readonly labelled?: "text" | "word";
  /** Command that uses what was trained. */
  readonly verb: "predict" | "generate" | "evaluate" | "embed";
  /** Endings of the names of transformers' classes: the usual one first. */
  readonly classEndings: readonly [string, ...string[]];
  /** transformers' `problem_type`s, for tasks that have them: the usual one first. */
  readonly problemTypes?: readonly ["single_label_classification", ...ProblemType[]];
  /** Its `loss_type`s, for tasks that have several: the usual one first. */
  readonly lossTypes?: readonly [LossType, ...LossType[]];
  /** Longest example in tokens, unless the recipe says. */
  readonly maxLength: number;
  /** Boolean recipe keys that no other task may set. */
  readonly ownFlags?: readonly string[];
  /** Recipe keys without effect on other tasks. */
  readonly ownSettings?: readonly string[];
  /** Columns of its rows, in words. */
  readonly columns: string;
  /** Choice among the tasks, as `lowrank init` shows it. */
  readonly choice: { readonly label: string; readonly hint?: string };
  readonly card: TaskCard;
  /** Parts of the card that depend on the `problem_type`. */
  readonly problemCards?: Readonly<Partial<Record<ProblemType, Pick<TaskCard, "name" | "ask">>>>;
  /** False when PEFT has no name for the task. */
  readonly isInPeft?: false;
}
