import type { TaskType } from "../task-types/index.ts";
import { causalLanguageModel } from "./causal-lm.ts";
import type { TaskDefinition } from "./definition.ts";
import { maskedLanguageModel } from "./masked-lm.ts";
import { textClassification } from "./seq-cls.ts";
import { wordClassification } from "./token-cls.ts";

/** Every task of a recipe: one line each. */
export const TASK_DEFINITIONS: Readonly<Record<TaskType, TaskDefinition>> = {
  SEQ_CLS: textClassification,
  TOKEN_CLS: wordClassification,
  CAUSAL_LM: causalLanguageModel,
  MASKED_LM: maskedLanguageModel,
};
