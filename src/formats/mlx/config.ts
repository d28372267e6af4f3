import { z } from "zod";
import { AdapterError } from "../../errors.ts";
import type { JsonObject } from "../json/json.ts";
import { float } from "../json/json-file.ts";

/** mlx-lm's `adapter_config.json`, as far as it decides what an adapter computes. */
export interface MlxConfig {
  readonly type: "lora" | "dora";
  readonly rank: number;
  /** The update's factor; no rank divides it. */
  readonly scale: number;
  readonly dropout: number;
  /** Number of layers with an adapter, counted from the last; -1 for all. */
  readonly layers: number;
  /** Paths inside a layer, or in the whole model. */
  readonly keys: readonly string[];
  /** Folder or Hub id of the base model. */
  readonly model: string | undefined;
}

const schema = z.object({
  fine_tune_type: z.enum(["lora", "dora"]).default("lora"),
  lora_parameters: z.object({
    rank: z.int().min(1),
    scale: z.number(),
    dropout: z.number().min(0).lt(1).default(0),
    keys: z.array(z.string()).nullish(),
  }),
  num_layers: z.int().default(-1),
  model: z.string().nullish(),
});

/**
 * Reads mlx-lm's `adapter_config.json`.
 * @param where Its path, for messages.
 * @throws {AdapterError} when it describes no LoRA or DoRA adapter.
 */
export function parseMlxConfig(json: JsonObject, where: string): MlxConfig {
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new AdapterError(`the adapter's configuration cannot be used: ${problems.join("; ")}`, {
      where,
      expected: "mlx-lm's, with fine_tune_type lora or dora, and lora_parameters",
    });
  }
  const { fine_tune_type: type, lora_parameters, num_layers: layers, model } = parsed.data;
  const { rank, scale, dropout, keys } = lora_parameters;
  return { type, rank, scale, dropout, layers, keys: keys ?? [], model: model ?? undefined };
}

/** The keys of mlx-lm's `adapter_config.json` that it needs to load an adapter, and its base model's name. */
export const mlxConfigJson = ({ type, rank, scale, dropout, layers, keys, model }: MlxConfig): JsonObject => ({
  fine_tune_type: type,
  lora_parameters: { rank, scale: float(scale), dropout: float(dropout), keys },
  num_layers: layers,
  ...(model !== undefined && { model }),
});
