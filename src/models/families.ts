/** Every architecture: one line each. */

export { gemma2 } from "./decoders/gemma2.ts";
export { gemma3Text } from "./decoders/gemma3-text.ts";
export { gptNeoX } from "./decoders/gpt-neox.ts";
export { gpt2 } from "./decoders/gpt2.ts";
export { llama } from "./decoders/llama.ts";
export { mistral } from "./decoders/mistral.ts";
export { olmo2 } from "./decoders/olmo2.ts";
export { phi3 } from "./decoders/phi3.ts";
export { qwen2 } from "./decoders/qwen2.ts";
export { qwen3 } from "./decoders/qwen3.ts";
export { smollm3 } from "./decoders/smollm3.ts";
export { bert } from "./encoders/bert.ts";
export { debertaV2 } from "./encoders/deberta-v2.ts";
export { distilbert } from "./encoders/distilbert.ts";
export { electra } from "./encoders/electra.ts";
export { modernbert } from "./encoders/modernbert.ts";
export { roberta } from "./encoders/roberta.ts";
export { xlmRoberta } from "./encoders/xlm-roberta.ts";
