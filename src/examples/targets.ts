import type { Tokenizer } from "../tokenizer/tokenizer.ts";

/** A text and the numbers that its logits are trained towards, as the model has them. */
export interface TargetExample {
  readonly ids: Int32Array;
  /** `[outputs]`: of labels 1 or 0 for each class, of a regression the value. */
  readonly targets: Float32Array;
  readonly where: string;
}

/** A text with targets as an example; `undefined` for a text that has no tokens of its own. */
export function encodeTargets(
  text: string,
  targets: Float32Array,
  where: string,
  tokenizer: Tokenizer,
  maxLength: number,
): TargetExample | undefined {
  const { ids, specials } = tokenizer.encode(text, { maxLength });
  return ids.length > specials ? { ids: Int32Array.from(ids), targets, where } : undefined;
}
