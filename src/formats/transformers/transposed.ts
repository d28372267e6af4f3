import { familyFiles } from "../../models/index.ts";
import type { JsonObject } from "../json/json.ts";

/** True when a model's linear layers are transformers' `Conv1D`, whose weights are stored `[in, out]`. */
export const storesTransposed = ({ model_type }: JsonObject): boolean =>
  familyFiles(model_type).transposed !== undefined;

/** True when a weight of such a model is one of those: all its linear layers are but the output. */
export const isTransposed = ({ model_type }: JsonObject, name: string): boolean =>
  (familyFiles(model_type).transposed ?? []).some((module) => name.endsWith(`.${module}.weight`));
