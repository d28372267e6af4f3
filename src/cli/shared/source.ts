import { RecipeError } from "../../errors.ts";
import { DEVICES } from "../../recipe/model.ts";
import type { Context } from "./command.ts";

/** A base model, an adapter on it, or both. */
export interface Source {
  readonly model?: string;
  readonly adapter?: string;
  readonly device?: (typeof DEVICES)[number];
}

/** Recipe keys that a command without a recipe takes as flags. */
export const SOURCE_KEYS = ["model_name_or_path", "adapter_name_or_path", "device"] as const;

/** Model, adapter and device of a command without a recipe. @throws {RecipeError} for a device that does not exist. */
export function sourceOf({ overrides }: Context): Source {
  const { model_name_or_path: model, adapter_name_or_path: adapter, device: named } = overrides;
  const device = DEVICES.find((device) => device === named);
  if (named !== undefined && device === undefined)
    throw new RecipeError(`there is no device ${named}.`, { where: "--device", expected: DEVICES.join(", ") });
  return {
    ...(device !== undefined && { device }),
    ...(model !== undefined && { model: String(model) }),
    ...(adapter !== undefined && { adapter: String(adapter) }),
  };
}
