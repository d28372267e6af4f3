import type { ModulePath } from "../ir/types.ts";

/** One of the parameters that LoRA adds to a linear layer or an embedding. */
export interface LoraPart {
  /** The layer. */
  readonly module: ModulePath;
  /** A `[r, in]`, B `[out, r]`, the bias of B `[out]`, DoRA's magnitude `[out]`; of an embedding A `[r, vocab]`, B `[width, r]`, trained rows `[n, width]`; A and B as they started. */
  readonly part: "A" | "B" | "bias" | "magnitude" | "embeddingA" | "embeddingB" | "tokens" | "startA" | "startB";
}

const NAMES: Readonly<Record<string, LoraPart["part"]>> = {
  "lora_A.weight": "A",
  "lora_B.weight": "B",
  "lora_B.bias": "bias",
  lora_magnitude_vector: "magnitude",
  lora_embedding_A: "embeddingA",
  lora_embedding_B: "embeddingB",
  "token_adapter.trainable_tokens_delta": "tokens",
  "lora_start.A": "startA",
  "lora_start.B": "startB",
};
const PART = new RegExp(`^(.*)\\.(${Object.keys(NAMES).join("|").replaceAll(".", "\\.")})$`);

/** The part of LoRA that a parameter is; undefined for the base's own. */
export function loraPart(param: string): LoraPart | undefined {
  const [, module, name] = PART.exec(param) ?? [];
  return module === undefined ? undefined : { module, part: NAMES[name as string] as LoraPart["part"] };
}
