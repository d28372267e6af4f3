import { z } from "zod";
import { ARCHITECTURES } from "./index.ts";
import { rotaryKeys, stretch } from "./parts/rotary.ts";

const Config = z.object({
  ...rotaryKeys,
  model_type: z.string().optional(),
  pad_token_id: z.int().nullish(),
  max_position_embeddings: z.int().optional(),
  n_positions: z.int().optional(),
});

/** Tokens of the longest text that a model has positions for; `undefined` where its `config.json` does not limit them. */
export function longestText(config: unknown): number | undefined {
  const { success, data } = Config.safeParse(config);
  if (!success) return undefined;
  const limits = ARCHITECTURES.find(({ modelType }) => modelType === data.model_type)?.positions;
  const positions = data.max_position_embeddings ?? data.n_positions ?? limits?.default;
  if (positions === undefined) return undefined;
  return limits?.afterPadding ? positions - (data.pad_token_id ?? 1) - 1 : positions;
}

/**
 * The length past which a model sees all tokens of a text from other positions, so that what it kept of a shorter text
 * no longer holds: where longrope changes its factors. `undefined` for all other models.
 */
export function changesAfter(config: unknown): number | undefined {
  const { success, data } = Config.safeParse(config);
  if (!success) return undefined;
  const { type, trained } = stretch({
    ...data,
    max_position_embeddings: longestText(config) ?? Number.POSITIVE_INFINITY,
  });
  return type === "longrope" ? trained : undefined;
}
