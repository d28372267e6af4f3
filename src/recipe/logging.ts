import { z } from "zod";
import { count, text } from "../methods/keys/kinds.ts";

const strategy = () => z.enum(["end", "steps", "epoch", "no"]).default("end");

/** What is logged, evaluated, saved and resumed. Names are those of transformers. */
export const loggingKeys = {
  logging_steps: count().default(1).describe("Log every so many steps"),
  eval_strategy: strategy().describe("When to evaluate"),
  eval_steps: count().optional().describe("Evaluate every so many steps, with eval_strategy steps"),
  save_strategy: strategy().describe("When to save a checkpoint"),
  save_steps: count().optional().describe("Save every so many steps, with save_strategy steps"),
  save_total_limit: count().optional().describe("Keep only so many checkpoints, the newest"),
  load_best_model_at_end: z.boolean().default(false).describe("End with the best evaluated state, not the last"),
  metric_for_best_model: text().optional().describe("What best means; unset: eval_loss"),
  report_to: z.enum(["none", "tensorboard"]).default("none").describe("Write event files as well"),
  resume_from_checkpoint: z
    .union([z.boolean(), text()])
    .optional()
    .describe("Continue from this checkpoint folder; true: the latest in output_dir"),
};
