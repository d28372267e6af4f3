import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { type ProblemType, seqCls, TASK_TYPES, type TaskType } from "../task-types/index.ts";
import { causalLanguageModel } from "./causal-lm.ts";
import type { TaskDefinition } from "./definition.ts";
import { maskedLanguageModel } from "./masked-lm.ts";
import { multiLabelClassification } from "./multi-label.ts";
import { textRegression } from "./regression.ts";
import { textClassification } from "./seq-cls.ts";
import { wordClassification } from "./token-cls.ts";

/** Every task of a recipe: one line each. */
export const TASK_DEFINITIONS: Readonly<Record<TaskType, TaskDefinition>> = {
  SEQ_CLS: textClassification,
  TOKEN_CLS: wordClassification,
  CAUSAL_LM: causalLanguageModel,
  MASKED_LM: maskedLanguageModel,
};

/** Every `problem_type` of texts that are classified: one line each. */
const PROBLEMS: Readonly<Record<ProblemType, TaskDefinition>> = {
  single_label_classification: textClassification,
  multi_label_classification: multiLabelClassification,
  regression: textRegression,
};

/** The definition of a recipe's task. */
export const taskOf = ({
  task_type,
  problem_type,
}: Pick<ResolvedRecipe, "task_type" | "problem_type">): TaskDefinition =>
  task_type === seqCls.name && problem_type !== undefined ? PROBLEMS[problem_type] : TASK_DEFINITIONS[task_type];

/** The problem that labels of rows state; `undefined` for the usual one. */
export const problemTypeOf = (labels: readonly unknown[]): ProblemType | undefined =>
  seqCls.problemTypes.find((name) => PROBLEMS[name].fits?.(labels));

/** All tasks and problems with their definitions, in the order in which they are listed. */
export const ALL_DEFINITIONS: readonly (readonly [TaskType, TaskDefinition])[] = TASK_TYPES.flatMap((task) => {
  const problems = task === seqCls.name ? Object.values(PROBLEMS) : [TASK_DEFINITIONS[task]];
  return problems.map((definition) => [task, definition] as const);
});
