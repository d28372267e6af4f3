/** Every architecture: one line each. */
export { bert } from "./bert.ts";
export { distilbert } from "./distilbert.ts";
export { electra } from "./electra.ts";
export { gemma2 } from "./gemma2.ts";
export { gemma3Text } from "./gemma3-text.ts";
export { gptNeoX } from "./gpt-neox.ts";
export { gpt2 } from "./gpt2.ts";
export { llama } from "./llama.ts";
export { mistral } from "./mistral.ts";
export { modernbert } from "./modernbert.ts";
export { olmo2 } from "./olmo2.ts";
export { phi3 } from "./phi3.ts";
export { qwen2 } from "./qwen2.ts";
export { qwen3 } from "./qwen3.ts";
export { roberta } from "./roberta.ts";
export { smollm3 } from "./smollm3.ts";
export { xlmRoberta } from "./xlm-roberta.ts";
