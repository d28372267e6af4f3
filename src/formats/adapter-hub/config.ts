import { z } from "zod";
import { AdapterError } from "../../errors.ts";
import type { HoulsbyConfig } from "../../peft/houlsby.ts";
import { isObject, type JsonObject } from "../json/json.ts";
import { float, isOff } from "../json/json-file.ts";

/** The two settings of an adapter; where it sits is the architecture's business. */
export type HoulsbySettings = Pick<HoulsbyConfig, "reductionFactor" | "nonLinearity">;

/** adapter-hub's `DoubleSeqBnConfig`: what decides the function that an adapter computes. */
const SHAPE = {
  mh_adapter: true,
  output_adapter: true,
  original_ln_before: false,
  original_ln_after: true,
  ln_before: false,
  ln_after: false,
  is_parallel: false,
  scaling: 1,
  use_gating: false,
  inv_adapter: null,
  cross_adapter: false,
  leave_out: [],
  phm_layer: false,
};

/** Its other keys, which play no part in that function. */
const REST = {
  adapter_residual_before_ln: false,
  dropout: float(0),
  factorized_phm_W: true,
  factorized_phm_rule: false,
  hypercomplex_nonlinearity: "glorot-uniform",
  init_weights: "bert",
  init_weights_seed: null,
  inv_adapter_reduction_factor: null,
  learn_phm: true,
  phm_bias: true,
  phm_c_init: "normal",
  phm_dim: 4,
  phm_init_range: 0.0001,
  phm_rank: 1,
  residual_before_ln: true,
  shared_W_phm: false,
  shared_phm_rule: true,
  stochastic_depth: float(0),
};

const settings = z.object({
  reduction_factor: z.number().positive(),
  non_linearity: z.enum(["swish", "relu", "gelu", "tanh"]),
});

/** The names that files without a `version` use. */
const FORMERLY: Readonly<Record<string, string>> = { gelu: "gelu_new", gelu_orig: "gelu" };

/** The `config` of adapter-hub's `adapter_config.json`. */
export const houlsbyConfigJson = ({ reductionFactor, nonLinearity }: HoulsbySettings): JsonObject => ({
  ...SHAPE,
  ...REST,
  scaling: float(SHAPE.scaling),
  reduction_factor: reductionFactor,
  non_linearity: nonLinearity,
});

/**
 * Reads adapter-hub's `adapter_config.json`.
 * @param where Its path, for messages.
 * @throws {AdapterError} when it describes other adapters than Houlsby's, or one of their variants.
 */
export function parseHoulsbyConfig({ config, version }: JsonObject, where: string): HoulsbySettings {
  const given = { mh_adapter: false, output_adapter: false, ...(isObject(config) && config) } as JsonObject;
  const refuse = (what: string): never => {
    throw new AdapterError(`the adapter is not a Houlsby adapter: ${what}`, {
      where,
      expected: "adapter-hub's DoubleSeqBnConfig (double_seq_bn) with swish, relu, gelu or tanh",
    });
  };
  for (const [key, value] of Object.entries(SHAPE)) {
    const same = isOff(value) ? isOff(given[key]) : !(key in given) || given[key] === value;
    if (!same) refuse(`${key} is ${JSON.stringify(given[key])}, not ${JSON.stringify(value)}`);
  }
  const named = String(given.non_linearity);
  const parsed = settings.safeParse({ ...given, non_linearity: version ? named : (FORMERLY[named] ?? named) });
  if (!parsed.success) return refuse(parsed.error.issues.map((issue) => `${issue.path}: ${issue.message}`).join("; "));
  return { reductionFactor: parsed.data.reduction_factor, nonLinearity: parsed.data.non_linearity };
}
