import { z } from "zod";
import { rotaryKeys, stretch } from "./rotary.ts";

const Config = z.object({
  ...rotaryKeys,
  model_type: z.string().optional(),
  pad_token_id: z.int().nullish(),
  max_position_embeddings: z.int().optional(),
  n_positions: z.int().optional(),
});

/**
 * Tokens of the longest text that a model has positions for; `undefined` where its `config.json` does not limit them.
 * Of longrope's two sets of frequencies the first alone is there: it ends where the model was first trained to.
 */
export function longestText(config: unknown): number | undefined {
  const { success, data } = Config.safeParse(config);
  const positions = success ? (data.max_position_embeddings ?? data.n_positions) : undefined;
  if (!success || positions === undefined) return undefined;
  const places = /roberta/.test(data.model_type ?? "") ? positions - (data.pad_token_id ?? 1) - 1 : positions;
  const { type, trained } = stretch({ ...data, max_position_embeddings: places });
  return type === "longrope" ? Math.min(places, trained) : places;
}
