import { z } from "zod";
import { CheckpointError } from "../../errors.ts";
import type { RopeAttrs } from "../../ops/attention/rope.ts";

const types = ["default", "linear", "llama3", "yarn", "longrope"] as const;

/** A config's rotary settings: `rope_parameters` of transformers 5, `rope_scaling` of transformers 4. */
export const RopeParameters = z.object({
  rope_type: z.enum(types).optional(),
  type: z.enum(types).optional(),
  rope_theta: z.number().positive().nullish(),
  partial_rotary_factor: z.number().positive().max(1).nullish(),
  factor: z.number().positive().nullish(),
  original_max_position_embeddings: z.int().positive().nullish(),
  low_freq_factor: z.number().default(1),
  high_freq_factor: z.number().default(4),
  beta_fast: z.number().nullish(),
  beta_slow: z.number().nullish(),
  attention_factor: z.number().nullish(),
  mscale: z.number().nullish(),
  mscale_all_dim: z.number().nullish(),
  truncate: z.boolean().default(true),
  short_factor: z.array(z.number().positive()).nullish(),
  long_factor: z.array(z.number().positive()).nullish(),
});

type RopeParameters = z.output<typeof RopeParameters>;

/** Either spelling, `{}` taken as absent: transformers writes it beside the one that counts. */
const givenRope = z.preprocess(
  (value) => (typeof value === "object" && value && Object.keys(value).length === 0 ? undefined : value),
  RopeParameters.nullish(),
);

/** `max_position_embeddings` where `config.json` leaves it out; transformers' default for Llama and most that follow it. */
export const ROTARY_POSITIONS = 2048;

/** Rotary keys of `config.json`, in both spellings. */
export const rotaryKeys = {
  max_position_embeddings: z.int().default(ROTARY_POSITIONS),
  original_max_position_embeddings: z.int().nullish(),
  rope_theta: z.number().nullish(),
  partial_rotary_factor: z.number().nullish(),
  rope_scaling: givenRope.optional(),
  rope_parameters: givenRope.optional(),
};

/** The parsed rotary settings of a config. */
export type RotaryConfig = z.output<z.ZodObject<typeof rotaryKeys>>;

/** Rotary embedding of a head: `rope`'s settings without the number of heads. */
export type Rotary = Pick<RopeAttrs, "frequencies" | "beyond" | "scale">;

/** Base of the wavelengths where a config names none. */
const THETA = 10_000;

/**
 * The rotary positions that a config asks for. Of longrope the short factors, and the long ones for a batch that reaches
 * past the length that the model was first trained with.
 * @param headDim Columns of a head; with `partial_rotary_factor` only the first of them turn.
 * @throws {CheckpointError} when longrope's factors are not as many as the pairs that turn.
 * @see Su et al. 2021, arXiv:2104.09864; yarn: Peng et al. 2023, arXiv:2309.00071; longrope: Ding et al. 2024,
 *   arXiv:2402.13753; transformers, modeling_rope_utils.py.
 */
export function rotary(config: RotaryConfig, headDim: number, defaultTheta = THETA): Rotary {
  const given = config.rope_scaling ?? config.rope_parameters;
  const theta = given?.rope_theta ?? config.rope_theta ?? defaultTheta;
  const dims = Math.trunc(headDim * (given?.partial_rotary_factor ?? config.partial_rotary_factor ?? 1));
  const plain = Array.from({ length: Math.ceil(dims / 2) }, (_, i) => theta ** ((-2 * i) / dims));
  if (!given) return { frequencies: plain };
  const { type, trained } = stretch(config);
  const factor = given.factor ?? config.max_position_embeddings / trained;
  switch (type) {
    case "default":
      return { frequencies: plain };
    case "linear":
      return { frequencies: plain.map((frequency) => frequency / factor) };
    case "llama3": {
      const { low_freq_factor: low, high_freq_factor: high } = given;
      const share = (frequency: number): number => ((trained * frequency) / (2 * Math.PI) - low) / (high - low);
      return { frequencies: plain.map((f) => mix(f / factor, f, share(f))) };
    }
    case "yarn": {
      const ramp = yarnRamp(given, { dims, theta, trained });
      return { frequencies: plain.map((f, i) => mix(f, f / factor, ramp(i))), scale: yarnScale(given, factor) };
    }
    case "longrope": {
      const grown = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(trained));
      const key = config.rope_scaling ? "rope_scaling" : "rope_parameters";
      const divided = (by: "short_factor" | "long_factor"): number[] =>
        dividedBy(plain, `${key}.${by}`, given[by] ?? []);
      const beyond = { length: trained, frequencies: divided("long_factor") };
      return { frequencies: divided("short_factor"), beyond, scale: given.attention_factor ?? grown };
    }
    default:
      return type satisfies never;
  }
}

/** Position scaling of a config, and the context length of the original training. */
export function stretch(config: RotaryConfig): { readonly type: (typeof types)[number]; readonly trained: number } {
  const given = config.rope_scaling ?? config.rope_parameters;
  const { original_max_position_embeddings: own, max_position_embeddings: longest } = config;
  return {
    type: given?.rope_type ?? given?.type ?? "default",
    trained: own ?? given?.original_max_position_embeddings ?? longest,
  };
}

/** `a` at share 0, `b` at share 1, between them in proportion. */
function mix(a: number, b: number, share: number): number {
  const clamped = Math.min(1, Math.max(0, share));
  return a * (1 - clamped) + b * clamped;
}

/** Scaling of pair `i`: pairs with many rotations in the trained length are not scaled. */
function yarnRamp(
  { beta_fast, beta_slow, truncate }: RopeParameters,
  { dims, theta, trained }: { dims: number; theta: number; trained: number },
): (i: number) => number {
  const pairOf = (rotations: number): number =>
    (dims * Math.log(trained / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
  const whole = (x: number, round: (x: number) => number): number => (truncate ? round(x) : x);
  const from = Math.max(0, whole(pairOf(beta_fast || 32), Math.floor));
  const to = Math.min(dims - 1, whole(pairOf(beta_slow || 1), Math.ceil));
  return (i) => (i - from) / (to === from ? 0.001 : to - from);
}

function yarnScale({ attention_factor, mscale, mscale_all_dim }: RopeParameters, factor: number): number {
  if (attention_factor != null) return attention_factor;
  const grown = (m: number): number => (factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1);
  return mscale && mscale_all_dim ? grown(mscale) / grown(mscale_all_dim) : grown(1);
}

function dividedBy(plain: readonly number[], key: string, factors: readonly number[]): number[] {
  if (factors.length !== plain.length) {
    throw new CheckpointError(`${key} of config.json contains ${factors.length} numbers.`, {
      where: key,
      expected: `${plain.length} numbers: one for each pair of rotated columns`,
    });
  }
  return plain.map((frequency, i) => frequency / (factors[i] as number));
}
