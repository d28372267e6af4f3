import { z } from "zod";
import { count, text } from "../methods/keys/kinds.ts";

const strategy = () => z.enum(["end", "steps", "epoch", "no"]).default("end");

/** Keys for logging, evaluation, saving and resuming. Names are those of transformers. */
export const loggingKeys = {
  logging_steps: count().default(1).describe("Steps between log lines"),
  eval_strategy: strategy().describe("When to evaluate"),
  eval_steps: count().optional().describe("Steps between evaluations, with eval_strategy: steps"),
  save_strategy: strategy().describe("When to save a checkpoint"),
  save_steps: count().optional().describe("Steps between checkpoints, with save_strategy: steps"),
  save_total_limit: count().optional().describe("Number of newest checkpoints to keep"),
  load_best_model_at_end: z
    .boolean()
    .default(false)
    .describe("Keep the best evaluated state at the end instead of the last"),
  metric_for_best_model: text()
    .optional()
    .describe("Metric that selects the best state and says when to stop early; unset: eval_loss"),
  early_stopping_patience: count()
    .optional()
    .describe("Evaluations in a row without improvement after which training stops; unset: it never stops early"),
  early_stopping_threshold: z
    .number()
    .min(0)
    .default(0)
    .describe("Amount that metric_for_best_model must improve by to count, with early_stopping_patience"),
  report_to: z.enum(["none", "tensorboard"]).default("none").describe("Also write event files"),
  resume_from_checkpoint: z
    .union([z.boolean(), text()])
    .optional()
    .describe("Resume from this checkpoint folder; true: the latest one in output_dir"),
};
