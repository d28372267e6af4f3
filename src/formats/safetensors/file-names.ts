/** File names of models and adapters in transformers, PEFT and adapter-hub. */
export const SINGLE = "model.safetensors";
/** Says which shard holds which tensor, where a model is more than one file. */
export const INDEX = "model.safetensors.index.json";
export const ADAPTER_CONFIG = "adapter_config.json";
/** The head beside an adapter-hub adapter. */
export const HEAD = "model_head.safetensors";
export const HEAD_PICKLE = "pytorch_model_head.bin";
