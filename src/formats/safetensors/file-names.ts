/** File names of models and adapters in transformers, PEFT, adapter-hub and mlx-lm. */
export const SINGLE = "model.safetensors";
/** Says which shard holds which tensor, where a model is more than one file. */
export const INDEX = "model.safetensors.index.json";
/** Configuration of an adapter, of all three libraries. */
export const ADAPTER_CONFIG = "adapter_config.json";
/** The head beside an adapter-hub adapter. */
export const HEAD = "model_head.safetensors";
/** Its configuration. */
export const HEAD_CONFIG = "head_config.json";
/** The head as a pickle, which is not read. */
export const HEAD_PICKLE = "pytorch_model_head.bin";
/** An adapter of mlx-lm. */
export const MLX_ADAPTER = "adapters.safetensors";
