import type { JsonObject } from "../../json/json.ts";
import { ropeOf } from "./rope-of.ts";

/**
 * The tensors of a GGUF file that hold factors of rotary frequencies, by name: Llama 3's scaling, `[headDim / 2]`, and
 * longrope's two lists.
 * @param config The model's `config.json`.
 * @see transformers, modeling_rope_utils.py, `_compute_llama3_parameters`
 */
export function ropeFactors(config: JsonObject): Map<string, Float32Array> {
  const { scaling, theta = 10_000 } = ropeOf(config);
  if (scaling?.rope_type === "longrope") {
    const list = (key: string): Float32Array => Float32Array.from((scaling[key] ?? []) as number[]);
    return new Map([
      ["rope_factors_long.weight", list("long_factor")],
      ["rope_factors_short.weight", list("short_factor")],
    ]);
  }
  if (scaling?.rope_type !== "llama3") return new Map();
  const dims = Number(config.head_dim ?? Number(config.hidden_size) / Number(config.num_attention_heads));
  const [factor, low, high, trained] = [
    scaling.factor ?? 8,
    scaling.low_freq_factor ?? 1,
    scaling.high_freq_factor ?? 4,
    scaling.original_max_position_embeddings ?? 8192,
  ].map(Number) as [number, number, number, number];
  const factors = Float32Array.from({ length: dims / 2 }, (_, i) => {
    const turns = (trained * theta ** ((-2 * i) / dims)) / (2 * Math.PI); // of a full circle within the trained length
    const share = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return 1 / ((1 - share) / factor + share);
  });
  return new Map([["rope_freqs.weight", factors]]);
}
