/** Metadata of a GGUF file that is a LoRA adapter. Source: llama.cpp, src/llama-adapter.cpp. */
export const GGUF_LORA = {
  architecture: "general.architecture",
  /** `adapter`. */
  type: "general.type",
  /** `lora`. */
  method: "adapter.type",
  /** Divided by a tensor's rank it is the update's scaling; 0 stands for a scaling of 1. */
  alpha: "adapter.lora.alpha",
} as const;
