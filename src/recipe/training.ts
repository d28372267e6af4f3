import { z } from "zod";
import { defaultRates } from "../methods/keys/index.ts";
import { count, moment, text } from "../methods/keys/kinds.ts";

/** The optimisation: length, batch, rates. Names are those of TRL and transformers. */
export const trainingKeys = {
  output_dir: text().default("trainer_output").describe("Folder for the adapter, checkpoints, results and log"),
  num_train_epochs: z.number().positive().default(3).describe("Passes over the training data"),
  max_steps: count().optional().describe("Stop after so many optimizer steps, whatever num_train_epochs says"),
  per_device_train_batch_size: count().default(8).describe("Examples a micro-batch"),
  max_batch_tokens: count()
    .optional()
    .describe("Tokens a micro-batch, padding included: as many examples as fit, instead of a number of them"),
  gradient_accumulation_steps: count().default(1).describe("Micro-batches an optimizer step"),
  learning_rate: z.number().min(0).optional().describe(`Peak learning rate; unset: ${defaultRates()}`),
  head_learning_rate: z.number().min(0).optional().describe("Learning rate of the classification head, if its own"),
  lr_scheduler_type: z.enum(["linear", "constant", "cosine"]).default("linear").describe("Schedule after warmup"),
  warmup_steps: moment().default(0.06).describe("Steps of linear warmup; below 1: a share of the run"),
  optim: z.enum(["adamw", "adamw_8bit", "sgd", "lion"]).default("adamw").describe("Optimizer"),
  weight_decay: z.number().min(0).default(0).describe("Decoupled weight decay"),
  adam_beta1: z.number().min(0).lt(1).default(0.9).describe("Decay of Adam's first moment"),
  adam_beta2: z.number().min(0).lt(1).default(0.999).describe("Decay of Adam's second moment"),
  adam_epsilon: z.number().positive().default(1e-8).describe("Added to Adam's denominator"),
  max_grad_norm: z.number().min(0).default(1).describe("Clip the gradient's norm to this; 0: never"),
  gradient_checkpointing: z.boolean().default(false).describe("Recompute activations: less memory, more time"),
  model_dropout: z.boolean().default(false).describe("Use the base model's own dropout, as its config says"),
  seed: z.int().min(0).default(0).describe("Seed of every random number"),
  adapter_name_or_path: text().optional().describe("Start from this adapter"),
};
