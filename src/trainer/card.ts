import { modelCard } from "../export/model-card.ts";
import { writeTextAtomic } from "../platform/node.ts";
import type { METHODS } from "../recipe/task.ts";
import { VERSION } from "../version.ts";
import type { EvalResults, TrainResults } from "./events.ts";
import type { Run } from "./run.ts";

const FORMATS = {
  lora: "peft",
  qlora: "peft",
  adapter: "adapters",
  full: "transformers",
  head: "transformers",
} as const;

/** Recipe keys that a reader of the card wants to know. */
const SHOWN = [
  "learning_rate",
  "head_learning_rate",
  "loraplus_lr_ratio",
  "num_train_epochs",
  "max_steps",
  "per_device_train_batch_size",
  "gradient_accumulation_steps",
  "lr_scheduler_type",
  "warmup_steps",
  "optim",
  "weight_decay",
  "max_grad_norm",
  "max_length",
  "seed",
] as const;
const OF_METHOD: Readonly<Record<(typeof METHODS)[number], readonly string[]>> = {
  lora: ["lora_r", "lora_alpha", "lora_dropout", "lora_target_modules", "lora_bias", "use_rslora", "use_dora"],
  qlora: [
    "lora_r",
    "lora_alpha",
    "lora_dropout",
    "lora_target_modules",
    "load_in_4bit",
    "load_in_8bit",
    "bnb_4bit_quant_type",
  ],
  adapter: ["adapter_reduction_factor", "adapter_non_linearity"],
  full: ["unfreeze_schedule"],
  head: [],
};

/** Writes the model card of a finished run. */
export function writeCard(
  folder: string,
  { recipe, model }: Run,
  results: TrainResults,
  scores?: EvalResults,
): Promise<void> {
  const keys = [...OF_METHOD[recipe.method], ...SHOWN] as (keyof typeof recipe)[];
  const card = modelCard({
    format: FORMATS[recipe.method],
    method: recipe.method,
    taskType: recipe.task_type,
    baseModel: recipe.model_name_or_path,
    dataset: recipe.dataset_name,
    labels: model.labels.names,
    trainableParameters: results.trainableParameters,
    totalParameters: results.totalParameters,
    hyperParameters: Object.fromEntries(keys.flatMap((key) => (recipe[key] === undefined ? [] : [[key, recipe[key]]]))),
    ...(scores && { results: scores }),
    version: VERSION,
  });
  return writeTextAtomic(`${folder}/README.md`, card);
}
