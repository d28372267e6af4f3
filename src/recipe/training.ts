import { z } from "zod";
import { defaultRates } from "../methods/keys/index.ts";
import { count, moment, text } from "../methods/keys/kinds.ts";

/** The optimisation: length, batch, rates. Names are those of TRL and transformers. */
export const trainingKeys = {
  output_dir: text().default("trainer_output").describe("Output folder of the adapter, checkpoints, results and log"),
  num_train_epochs: z.number().positive().default(3).describe("Number of epochs"),
  max_steps: count().optional().describe("Number of optimizer steps; overrides num_train_epochs"),
  per_device_train_batch_size: count().default(8).describe("Examples per micro-batch"),
  max_batch_tokens: count()
    .optional()
    .describe("Maximum number of tokens per micro-batch, padding included; replaces per_device_train_batch_size"),
  gradient_accumulation_steps: count().default(1).describe("Micro-batches per optimizer step"),
  learning_rate: z.number().min(0).optional().describe(`Peak learning rate; unset: ${defaultRates()}`),
  head_learning_rate: z
    .number()
    .min(0)
    .optional()
    .describe("Learning rate of the classification head; unset: learning_rate"),
  lr_scheduler_type: z
    .enum([
      ...(["linear", "constant", "cosine", "cosine_with_restarts"] as const),
      ...(["polynomial", "inverse_sqrt", "warmup_stable_decay"] as const),
    ])
    .default("linear")
    .describe("Learning rate schedule after warmup"),
  lr_scheduler_kwargs: z
    .strictObject({
      num_cycles: count().optional().describe("cosine_with_restarts: falls from the full rate to 0; unset: 1"),
      power: z.number().positive().optional().describe("polynomial: the power; unset: 1"),
      lr_end: z.number().min(0).optional().describe("polynomial: learning rate at the end; unset: 1e-7"),
      num_decay_steps: moment()
        .optional()
        .describe("warmup_stable_decay: steps of the fall at the end; below 1: a fraction of the run; unset: 0.1"),
      min_lr_ratio: z
        .number()
        .min(0)
        .max(1)
        .optional()
        .describe("warmup_stable_decay: lowest share of the rate; unset: 0"),
      decay_type: z
        .enum(["cosine", "linear", "1-sqrt"])
        .optional()
        .describe("warmup_stable_decay: shape of the fall; unset: cosine"),
    })
    .optional()
    .describe("Settings of the learning rate schedule, as transformers names them"),
  warmup_steps: moment().default(0.06).describe("Steps of linear warmup; below 1: a fraction of the run"),
  optim: z.enum(["adamw", "adamw_8bit", "sgd", "lion"]).default("adamw").describe("Optimizer"),
  weight_decay: z.number().min(0).default(0).describe("Decoupled weight decay"),
  adam_beta1: z.number().min(0).lt(1).default(0.9).describe("Decay of Adam's first moment"),
  adam_beta2: z.number().min(0).lt(1).default(0.999).describe("Decay of Adam's second moment"),
  adam_epsilon: z.number().positive().default(1e-8).describe("Epsilon in Adam's denominator"),
  max_grad_norm: z.number().min(0).default(1).describe("Maximum gradient norm for clipping; 0: no clipping"),
  class_weights: z
    .union([z.literal("balanced"), z.record(text(), z.number().min(0)), z.array(z.number().min(0)).min(1)])
    .optional()
    .describe(
      "Weights of classes in the training loss: by label, in the order of the labels, or balanced; unset: all 1",
    ),
  label_smoothing_factor: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe("Part of each label's target that all classes, or the whole vocabulary, share in the training loss"),
  neftune_noise_alpha: z
    .number()
    .positive()
    .optional()
    .describe("Scale of uniform noise on the input embeddings while training (NEFTune), such as 5; unset: none"),
  gradient_checkpointing: z
    .boolean()
    .default(false)
    .describe("Recompute activations in the backward pass: less memory, more time"),
  model_dropout: z.boolean().default(false).describe("Apply the dropout of the base model's config"),
  seed: z.int().min(0).default(0).describe("Seed of all random numbers"),
  adapter_name_or_path: text().optional().describe("Adapter to start from"),
};
