import type { JsonObject } from "../../json/json.ts";
import { type GgufKeys, shortFloat } from "../keys.ts";

/** Tensors that hold no weights but factors of rotary frequencies, by name. */
export type RopeFactors = ReadonlyMap<string, Float32Array>;

/** Names of such tensors. */
export const ROPE_FACTORS = ["rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"];

/** Turns of a full circle at which frequencies begin to be left as they are, and from which they are. */
type Range = readonly [low: number, high: number];

/** Llama 3's constants: converters keep the resulting factors alone. */
const LLAMA3: Range = [1, 4];
/** Positions of its first training. */
const TRAINED = 8192;

/**
 * `rope_scaling` as transformers spells it, `null` for none.
 * @param dims Columns of a head that turn.
 * @throws {CheckpointError} for a scaling that transformers has no words for.
 */
export function ropeScaling(
  keys: GgufKeys,
  factors: RopeFactors,
  { theta, dims }: { readonly theta: number; readonly dims: number },
): JsonObject | null {
  const [frequencies, long, short] = ROPE_FACTORS.map((name) => factors.get(name));
  if (frequencies) return llama3(keys, frequencies, theta, dims);
  const original = keys.maybeInt(".rope.scaling.original_context_length");
  const trained = original !== undefined && { original_max_position_embeddings: original };
  if (long && short) {
    const decimals = (x: Float32Array): number[] => Array.from(x, shortFloat);
    return { rope_type: "longrope", short_factor: decimals(short), long_factor: decimals(long), ...trained };
  }
  const type = keys.maybeString(".rope.scaling.type") ?? "none";
  const factor = keys.maybeFloat(".rope.scaling.factor") ?? 1;
  if (type === "none" || factor === 1) return null;
  if (type === "linear") return { rope_type: "linear", factor };
  if (type === "yarn") return { rope_type: "yarn", factor, ...trained, ...yarn(keys) };
  throw keys.fail(`rope scaling of type ${JSON.stringify(type)} is not supported`, {
    expected: "none, linear, yarn, or longrope or Llama 3 factors as tensors",
  });
}

function yarn(keys: GgufKeys): JsonObject {
  const found = {
    attention_factor: keys.maybeFloat(".rope.scaling.yarn_attn_factor"),
    beta_fast: keys.maybeFloat(".rope.scaling.yarn_beta_fast"),
    beta_slow: keys.maybeFloat(".rope.scaling.yarn_beta_slow"),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/**
 * Llama 3's scaling, by its factors: the largest is the scaling's own. The file does not say within how many turns they go
 * from that to 1: Meta's constants if they give these factors, else what a straight line through them says.
 */
function llama3(keys: GgufKeys, found: Float32Array, theta: number, dims: number): JsonObject {
  const factor = shortFloat(Math.max(...found));
  const rotations = Array.from(found, (_, i) => (TRAINED * theta ** ((-2 * i) / dims)) / (2 * Math.PI));
  const gives = ([low, high]: Range): boolean =>
    found.length === dims / 2 &&
    found.every((x, i) => {
      const share = Math.min(1, Math.max(0, (rotations[i]! - low) / (high - low)));
      return Math.abs(x * ((1 - share) / factor + share) - 1) < 1e-4;
    });
  const range = [LLAMA3, fittedRange(found, rotations, factor)].find((range) => range && gives(range));
  if (range) {
    const [low_freq_factor, high_freq_factor] = range;
    return {
      rope_type: "llama3",
      factor,
      low_freq_factor,
      high_freq_factor,
      original_max_position_embeddings: TRAINED,
    };
  }
  throw keys.fail("rope_freqs.weight does not contain the factors of Llama 3's rope scaling", {
    expected: `${dims / 2} factors, which fall from ${factor} to 1 with the number of rotations in ${TRAINED} positions`,
  });
}

/** Range in which the share of unscaled frequencies rises from 0 to 1, by the two factors between that lie furthest apart. */
function fittedRange(found: Float32Array, rotations: readonly number[], factor: number): Range | undefined {
  const between = [...found.keys()].filter((i) => found[i]! > 1 + 1e-4 && found[i]! < factor * (1 - 1e-4));
  const [first, last] = [between[0], between.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const share = (i: number): number => (1 / found[i]! - 1 / factor) / (1 - 1 / factor);
  const slope = (share(first) - share(last)) / (rotations[first]! - rotations[last]!);
  const low = rotations[first]! - share(first) / slope;
  return [low, low + 1 / slope];
}
