import { isObject, type JsonObject } from "../../json/json.ts";

/** Rotary positions of a `config.json`, in either of transformers' spellings. */
export interface Rope {
  readonly theta: number | undefined;
  /** That of the layers with a window, where they have their own. */
  readonly localTheta: number | undefined;
  /** Share of a head's columns that turn. */
  readonly partial: number;
  /** `rope_scaling`, `undefined` for none. */
  readonly scaling: (JsonObject & { readonly rope_type: string }) | undefined;
}

/** Reads `rope_scaling` (transformers 4) unless it is empty, else `rope_parameters` (5); as transformers, never a mix. */
export function ropeOf(config: JsonObject): Rope {
  const parameters = isObject(config.rope_parameters) ? config.rope_parameters : {};
  const global = isObject(parameters.full_attention) ? parameters.full_attention : parameters;
  const local = isObject(parameters.sliding_attention) ? parameters.sliding_attention : {};
  const older = isObject(config.rope_scaling) && Object.keys(config.rope_scaling).length > 0;
  const { rope_theta, partial_rotary_factor, type, ...scaling } = older ? (config.rope_scaling as JsonObject) : global;
  const rope_type = String(scaling.rope_type ?? type ?? "default");
  const number = (...values: unknown[]): number | undefined => values.find((value) => typeof value === "number");
  return {
    theta: number(rope_theta, config.rope_theta, config.rotary_emb_base),
    localTheta: number(local.rope_theta, config.rope_local_base_freq),
    partial: number(partial_rotary_factor, config.partial_rotary_factor, config.rotary_pct) ?? 1,
    scaling:
      rope_type === "default" ? undefined : { ...scaling, rope_type: rope_type === "su" ? "longrope" : rope_type },
  };
}
