import { type Recipe, recipeSchema } from "./schema.ts";

/**
 * Recipe keys that may differ between a checkpoint and the run that resumes from it. All other keys decide what a step is, or
 * where in the data it stands: with another value the steps so far would belong to another run.
 */
export const RESUME_KEYS = {
  /** Changes the steps to come; the run says so. */
  warned: [
    "learning_rate", "head_learning_rate", "loraplus_lr_ratio", "lr_scheduler_type", "lr_scheduler_kwargs", "warmup_steps",
    "num_train_epochs", "max_steps", "weight_decay", "adam_beta1", "adam_beta2", "adam_epsilon", "max_grad_norm", "gradient_checkpointing",
    "device", "eval_strategy", "eval_steps", "load_best_model_at_end", "metric_for_best_model",
    "early_stopping_patience", "early_stopping_threshold", "max_eval_samples", "dataset_validation_split", "dataset_test_split",
  ],
  /** Says where things lie, or what is written: no number depends on it. Data and base are compared by their content. */
  free: [
    "model_name_or_path", "model_revision", "dataset_name", "dataset_config", "dataset_train_split", "adapter_name_or_path", "output_dir",
    "logging_steps", "save_strategy", "save_steps", "save_total_limit", "report_to", "resume_from_checkpoint",
  ],
} as const satisfies Record<string, readonly (keyof Recipe)[]>; // biome-ignore format: a table

type Keys = Readonly<Record<string, unknown>>;

const isWarned = (key: string): boolean => (RESUME_KEYS.warned as readonly string[]).includes(key);

/** A key with one value in the checkpoint and another now. */
export interface ChangedKey {
  readonly key: string;
  /** `lora_alpha: 32, not 16`: now, and then. */
  readonly text: string;
  /** True when a run may go on with it. */
  readonly allowed: boolean;
}

/**
 * The recorded keys in which a recipe differs from the one that a checkpoint was written under. A key that the checkpoint lacks
 * counts with its default: it was written before the key existed.
 */
export function changedKeys(then: Keys, now: Keys): ChangedKey[] {
  const keys = [...new Set([...Object.keys(then), ...Object.keys(now)])].sort();
  const shown = (value: unknown): string => (value === undefined ? "unset" : JSON.stringify(value));
  return keys
    .map((key) => ({ key, before: shown(then[key] ?? defaultOf(key)), after: shown(now[key]) }))
    .filter(({ before, after }) => before !== after)
    .map(({ key, before, after }) => ({ key, text: `${key}: ${after} instead of ${before}`, allowed: isWarned(key) }));
}

/** Default of a recipe key in the schema; `undefined` where it has none, or depends on other keys. */
function defaultOf(key: string): unknown {
  const kind = Object.hasOwn(recipeSchema.shape, key) ? recipeSchema.shape[key as keyof Recipe] : undefined;
  return kind?.safeParse(undefined).data;
}
