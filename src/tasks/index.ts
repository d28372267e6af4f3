import type { ResolvedRecipe } from "../recipe/resolve.ts";
import {
  featureExtraction,
  type LossType,
  type ProblemType,
  seqCls,
  TASK_TYPES,
  type TaskType,
} from "../task-types/index.ts";
import { causalLanguageModel } from "./causal-lm.ts";
import type { TaskDefinition } from "./definition.ts";
import { maskedLanguageModel } from "./masked-lm.ts";
import { multiLabelClassification } from "./multi-label.ts";
import { ranking } from "./ranking.ts";
import { textRegression } from "./regression.ts";
import { textClassification } from "./seq-cls.ts";
import { similarity } from "./similarity.ts";
import { wordClassification } from "./token-cls.ts";
import { triplets } from "./triplets.ts";

/** Every task of a recipe: one line each. */
export const TASK_DEFINITIONS: Readonly<Record<TaskType, TaskDefinition>> = {
  SEQ_CLS: textClassification,
  TOKEN_CLS: wordClassification,
  CAUSAL_LM: causalLanguageModel,
  MASKED_LM: maskedLanguageModel,
  FEATURE_EXTRACTION: ranking,
};

/** Every `problem_type` of texts that are classified: one line each. */
const PROBLEMS: Readonly<Record<ProblemType, TaskDefinition>> = {
  single_label_classification: textClassification,
  multi_label_classification: multiLabelClassification,
  regression: textRegression,
};

/** Every `loss_type` of embeddings: one line each. */
const LOSSES: Readonly<Record<LossType, TaskDefinition>> = {
  multiple_negatives_ranking: ranking,
  cosine_similarity: similarity,
  batch_all_triplet: triplets,
};

/** The definition of a recipe's task. */
export function taskOf({
  task_type,
  problem_type,
  loss_type,
}: Pick<ResolvedRecipe, "task_type" | "problem_type" | "loss_type">): TaskDefinition {
  if (task_type === seqCls.name && problem_type !== undefined) return PROBLEMS[problem_type];
  if (task_type === featureExtraction.name && loss_type !== undefined) return LOSSES[loss_type];
  return TASK_DEFINITIONS[task_type];
}

/** The problem that labels of rows state; `undefined` for the usual one. */
export const problemTypeOf = (labels: readonly unknown[]): ProblemType | undefined =>
  seqCls.problemTypes.find((name) => PROBLEMS[name].fits?.(labels));

/** The loss that the columns of rows are for; `undefined` for the usual one. */
export const lossTypeOf = (columns: readonly string[], recipe: ResolvedRecipe): LossType | undefined =>
  featureExtraction.lossTypes.find((name) => LOSSES[name].reads?.(columns, recipe));

/** Tasks that have several definitions. */
const VARIANTS: Readonly<Partial<Record<TaskType, Readonly<Record<string, TaskDefinition>>>>> = {
  [seqCls.name]: PROBLEMS,
  [featureExtraction.name]: LOSSES,
};

/** All tasks, problems and losses with their definitions, in the order in which they are listed. */
export const ALL_DEFINITIONS: readonly (readonly [TaskType, TaskDefinition])[] = TASK_TYPES.flatMap((task) =>
  Object.values(VARIANTS[task] ?? [TASK_DEFINITIONS[task]]).map((definition) => [task, definition] as const),
);
