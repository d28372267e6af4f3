import { type GgufKeys, shortFloat } from "./gguf-keys.ts";
import type { JsonObject } from "./json.ts";

/** Tensors that hold no weights but factors of rotary frequencies, by name. */
export type RopeFactors = ReadonlyMap<string, Float32Array>;

/** Names of such tensors. */
export const ROPE_FACTORS = ["rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"];

/** Llama 3's constants: converters keep the resulting factors alone. */
const LLAMA3 = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };

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
    expected: "none, linear, yarn, or the factors of longrope or Llama 3 as tensors",
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

/** The largest factor is the scaling's own; with Llama 3's constants it must give all the others. */
function llama3(keys: GgufKeys, found: Float32Array, theta: number, dims: number): JsonObject {
  const factor = shortFloat(Math.max(...found));
  const { low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: trained } = LLAMA3;
  const fits =
    found.length === dims / 2 &&
    found.every((x, i) => {
      const turns = (trained * theta ** ((-2 * i) / dims)) / (2 * Math.PI);
      const share = Math.min(1, Math.max(0, (turns - low) / (high - low)));
      return Math.abs(x * ((1 - share) / factor + share) - 1) < 1e-4;
    });
  if (fits) return { rope_type: "llama3", factor, ...LLAMA3 };
  throw keys.fail("rope_freqs.weight does not hold the factors of Llama 3's rope scaling", {
    expected: `${dims / 2} factors for ${low} to ${high} turns in ${trained} positions`,
  });
}
