/** A key of PEFT, TRL, Unsloth, axolotl, LLaMA-Factory or mlx-lm, by the key of a recipe that means the same. */
export const ALIASES: Readonly<Record<string, string>> = {
  // model and adapter
  base_model: "model_name_or_path",
  model: "model_name_or_path",
  model_id: "model_name_or_path",
  model_name: "model_name_or_path",
  revision: "model_revision",
  adapter: "adapter_name_or_path",
  adapter_path: "adapter_name_or_path",
  lora_model_dir: "adapter_name_or_path",
  bnb_4bit_use_double_quant: "use_bnb_nested_quant",
  // LoRA
  r: "lora_r",
  lora_rank: "lora_r",
  rank: "lora_r",
  alpha: "lora_alpha",
  bias: "lora_bias",
  lora_target: "lora_target_modules",
  target_modules: "lora_target_modules",
  modules_to_save: "lora_modules_to_save",
  // data
  data: "dataset_name",
  data_path: "dataset_name",
  dataset: "dataset_name",
  dataset_config_name: "dataset_config",
  dataset_text_field: "text_column",
  chat_template_path: "chat_template",
  cutoff_len: "max_length",
  max_seq_len: "max_length",
  max_seq_length: "max_length",
  sequence_len: "max_length",
  sample_packing: "packing",
  sep: "delimiter",
  shuffle: "shuffle_dataset",
  // training
  output: "output_dir",
  save_dir: "output_dir",
  epochs: "num_train_epochs",
  num_epochs: "num_train_epochs",
  iters: "max_steps",
  batch_size: "per_device_train_batch_size",
  micro_batch_size: "per_device_train_batch_size",
  lr: "learning_rate",
  lr_scheduler: "lr_scheduler_type",
  warmup_ratio: "warmup_steps",
  optimizer: "optim",
  gradient_clipping: "max_grad_norm",
  grad_checkpoint: "gradient_checkpointing",
  use_gradient_checkpointing: "gradient_checkpointing",
  random_state: "seed",
  // log and save
  evaluation_strategy: "eval_strategy",
  resume: "resume_from_checkpoint",
};

/** Values of those libraries, by key and by the value of a recipe that means the same. */
const VALUES: Readonly<Record<string, Readonly<Record<string, string | boolean>>>> = {
  optim: {
    adamw_torch: "adamw",
    adamw_torch_fused: "adamw",
    adamw_hf: "adamw",
    paged_adamw_32bit: "adamw",
    adamw_bnb_8bit: "adamw_8bit",
    paged_adamw_8bit: "adamw_8bit",
    lion_32bit: "lion",
  },
  lr_scheduler_type: { constant_with_warmup: "constant" },
  dtype: { bf16: "bfloat16", fp16: "float16", fp32: "float32" },
  delimiter: { tab: "\t", "\\t": "\t" },
  gradient_checkpointing: { unsloth: true },
};

/** Keys of those libraries that a recipe does not need or does not have, and what to do instead. */
export const HINTS: Readonly<Record<string, string>> = {
  bf16: "to hold frozen weights in half precision, set dtype: bfloat16",
  fp16: "to hold frozen weights in half precision, set dtype: float16",
  tf32: "products are in float32",
  bnb_4bit_compute_dtype: "products are in float32",
  attn_implementation: "attention is chosen by the library",
  flash_attention: "attention is chosen by the library",
  per_device_eval_batch_size: "evaluation takes per_device_train_batch_size",
  train_on_inputs: "its opposite is completion_only_loss",
  save_safetensors: "files are always safetensors",
  remove_unused_columns: "columns that no key names are ignored",
  dataloader_num_workers: "rows are read while the model trains",
  push_to_hub: "upload output_dir with hf upload",
  use_peft: "set method: lora",
  val_set_size: "here it is validation_split_percentage, in percent: 10 for a share of 0.1",
  val_size: "here it is validation_split_percentage, in percent: 10 for a share of 0.1",
};

/** Keys in the words of a recipe, and how each was written. */
export interface Renamed {
  readonly keys: Readonly<Record<string, unknown>>;
  /** The written name of each key that was renamed. */
  readonly written: ReadonlyMap<string, string>;
}

/** Keys under the names that a recipe has; what is not known stays. A key under both names stays under both, to be refused. */
export function underRecipeNames(given: Readonly<Record<string, unknown>>): Renamed {
  const written = new Map<string, string>();
  const keys = Object.entries(given).map(([key, value]) => {
    const name = aliasOf(key, value);
    const isFree = name !== undefined && !Object.hasOwn(given, name) && !written.has(name);
    if (isFree) written.set(name, key);
    const own = isFree ? name : key;
    const values = Object.hasOwn(VALUES, own) ? VALUES[own] : undefined;
    const isNamed = values !== undefined && typeof value === "string" && Object.hasOwn(values, value);
    return [own, isNamed ? values[value] : value];
  });
  return { keys: Object.fromEntries(keys), written };
}

/** Recipe key that another library's key means. A share of the run is a `warmup_ratio` only below 1: `warmup_steps: 1` is one step. */
export const aliasOf = (key: string, value: unknown): string | undefined => {
  if (!Object.hasOwn(ALIASES, key)) return undefined;
  return key === "warmup_ratio" && !(Number(value) < 1) ? undefined : ALIASES[key];
};

/** A sentence about a key of another library, or of a recipe that is given under two names. */
export function hintAbout(key: string, given: Readonly<Record<string, unknown>>): string | undefined {
  if (Object.hasOwn(HINTS, key)) return HINTS[key];
  const name = Object.hasOwn(ALIASES, key) ? (ALIASES[key] as string) : undefined;
  if (name === undefined) return undefined;
  return Object.hasOwn(given, name) ? `it means ${name}, which is given too` : `here it is ${name}`;
}
