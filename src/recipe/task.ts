import { z } from "zod";
import { METHODS } from "../methods/keys/index.ts";

/** What the model learns to do, and which of its parameters learn it. Task names are PEFT's. */
export const taskKeys = {
  task_type: z
    .enum(["SEQ_CLS", "TOKEN_CLS", "CAUSAL_LM", "MASKED_LM"])
    .default("SEQ_CLS")
    .describe("Classify texts or tokens, continue text, or fill in masked tokens"),
  mlm_probability: z.number().gt(0).lt(1).default(0.15).describe("Share of tokens masked with MASKED_LM"),
  method: z.enum(METHODS).default("lora").describe("What is trained; qlora is lora with load_in_4bit"),
};
