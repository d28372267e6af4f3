import { writeTextAtomic } from "#platform";
import type { EvalResults, TrainResults } from "../events/events.ts";
import { type CardFacts, modelCard } from "../formats/hub/model-card.ts";
import { METHOD_DEFINITIONS } from "../methods/index.ts";
import { VERSION } from "../version.ts";
import type { Run } from "./state.ts";

/** Recipe keys that a reader of the card wants to know. */
const SHOWN = [
  "learning_rate",
  "head_learning_rate",
  "num_train_epochs",
  "max_steps",
  "per_device_train_batch_size",
  "max_batch_tokens",
  "gradient_accumulation_steps",
  "lr_scheduler_type",
  "warmup_steps",
  "optim",
  "weight_decay",
  "max_grad_norm",
  "class_weights",
  "label_smoothing_factor",
  "neftune_noise_alpha",
  "max_length",
  "seed",
] as const;
/** Writes the model card of a finished run. */
export function writeCard(
  folder: string,
  { recipe, model }: Run,
  results: TrainResults,
  pictures: NonNullable<CardFacts["pictures"]>,
  scores?: EvalResults,
): Promise<void> {
  const { format, cardKeys: own } = METHOD_DEFINITIONS[recipe.method];
  const keys = [...own, ...SHOWN];
  const card = modelCard({
    format,
    method: recipe.method,
    taskType: recipe.task_type,
    ...(recipe.problem_type && { problemType: recipe.problem_type }),
    baseModel: recipe.model_name_or_path,
    revision: recipe.model_revision,
    dataset: recipe.dataset_name,
    labels: model.labels.names,
    trainableParameters: results.trainableParameters,
    totalParameters: results.totalParameters,
    hyperParameters: Object.fromEntries(keys.flatMap((key) => (recipe[key] === undefined ? [] : [[key, recipe[key]]]))),
    ...(scores && { results: scores }),
    pictures,
    version: VERSION,
  });
  return writeTextAtomic(`${folder}/README.md`, card);
}
