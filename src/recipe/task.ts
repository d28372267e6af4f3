import { z } from "zod";
import { METHODS } from "../methods/keys/index.ts";
import { count } from "../methods/keys/kinds.ts";
import { DEFAULT_TASK, featureExtraction, maskedLm, seqCls, TASK_TYPES } from "../task-types/index.ts";

/** What the model learns to do, and which of its parameters learn it. Task names are PEFT's. */
export const taskKeys = {
  task_type: z
    .enum(TASK_TYPES)
    .default(DEFAULT_TASK)
    .describe("Classify texts or tokens, continue text, or fill in masked tokens"),
  problem_type: z
    .enum(seqCls.problemTypes)
    .optional()
    .describe(
      `One label a text, any number, or a value, with ${seqCls.name}; unset: as config.json or the data have it`,
    ),
  loss_type: z
    .enum(featureExtraction.lossTypes)
    .optional()
    .describe(
      `What brings embeddings together, with ${featureExtraction.name}; unset: as the columns of the data have it`,
    ),
  matryoshka_dims: z
    .array(count())
    .min(1)
    .optional()
    .describe(`Lengths at which embeddings are trained as well, with ${featureExtraction.name}, largest first`),
  mlm_probability: z.number().gt(0).lt(1).default(0.15).describe(`Share of tokens masked with ${maskedLm.name}`),
  method: z.enum(METHODS).default("lora").describe("What is trained; qlora is lora with load_in_4bit"),
};
