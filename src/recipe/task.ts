import { z } from "zod";
import { METHOD_RECIPES, METHODS } from "../methods/keys/index.ts";
import { count } from "../methods/keys/kinds.ts";
import { DEFAULT_TASK, featureExtraction, maskedLm, seqCls, TASK_TYPES } from "../task-types/index.ts";

/** Keys for the task and the method. Task names are PEFT's. */
export const taskKeys = {
  task_type: z
    .enum(TASK_TYPES)
    .default(DEFAULT_TASK)
    .describe("Classify texts or tokens, continue text, or fill in masked tokens"),
  problem_type: z
    .enum(seqCls.problemTypes)
    .optional()
    .describe(`With ${seqCls.name}: one label per text, several, or a number; unset: as in config.json or the data`),
  loss_type: z
    .enum(featureExtraction.lossTypes)
    .optional()
    .describe(`Loss of embeddings, with ${featureExtraction.name}; unset: chosen by the columns of the data`),
  matryoshka_dims: z
    .array(count())
    .min(1)
    .optional()
    .describe(`Additional sizes to train embeddings at, with ${featureExtraction.name}, largest first`),
  mlm_probability: z.number().gt(0).lt(1).default(0.15).describe(`Share of tokens masked with ${maskedLm.name}`),
  method: z
    .enum(METHODS)
    .default("lora")
    .describe("Fine-tuning method; qlora is lora with load_in_4bit")
    .meta({ enumDescriptions: METHODS.map((method) => METHOD_RECIPES[method].hint) }), // editors and forms show them
};
