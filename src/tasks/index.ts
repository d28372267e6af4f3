import type { TaskType } from "../models/parts/architecture.ts";
import { textClassification, wordClassification } from "./classification.ts";
import type { TaskDefinition } from "./definition.ts";
import { causalLanguageModel, maskedLanguageModel } from "./language.ts";

/** Every task of a recipe: one line each. */
export const TASK_DEFINITIONS: Readonly<Record<TaskType, TaskDefinition>> = {
  SEQ_CLS: textClassification,
  TOKEN_CLS: wordClassification,
  CAUSAL_LM: causalLanguageModel,
  MASKED_LM: maskedLanguageModel,
};
