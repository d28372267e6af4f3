import type { JsonObject } from "../json/json.ts";

/** Whether a model's linear layers are transformers' `Conv1D`, whose weights are stored `[in, out]`. */
export const storesTransposed = ({ model_type }: JsonObject): boolean => model_type === "gpt2";

/** Whether a weight of such a model is one of those: all its linear layers are but the output. */
export const isTransposed = (config: JsonObject, name: string): boolean =>
  storesTransposed(config) && /\.(c_attn|c_proj|c_fc|q_attn)\.weight$/.test(name);
