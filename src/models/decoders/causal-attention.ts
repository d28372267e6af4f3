import type { Value } from "../../ir/graph.ts";
import { attention } from "../../ops/attention/attention.ts";
import { appendCache, cachedAttention } from "../../ops/attention/cache.ts";
import { rope } from "../../ops/attention/rope.ts";
import { reshape } from "../../ops/shape/shape.ts";
import type { ModelInputs } from "../parts/architecture.ts";
import { dense, flatten, rms } from "../parts/layers.ts";
import type { Rotary } from "../parts/rotary.ts";
import type { ModuleScope } from "../parts/scope.ts";

/** Settings of a decoder's self-attention. */
export interface CausalOptions {
  /** Number of the layer, which names its cache. */
  readonly layer: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** Scores are multiplied by this. Default `1 / √headDim`. */
  readonly scale?: number | undefined;
  /** Tokens that each token sees, itself included, counted back; absent: all before it. */
  readonly window?: number | undefined;
  /** Scores are bent into ±this. */
  readonly softcap?: number | undefined;
  /** Probability that the model's own dropout takes an attention weight. */
  readonly dropout?: number;
}

/**
 * Self-attention to what came before: `q [batch*seq, heads·headDim]`, `k`, `v` `[batch*seq, kvHeads·headDim]` → as `q`.
 * With a cache, keys and values of earlier tokens come in as `past_key_values.N.key`, `.value`
 * `[batch, kvHeads, past, headDim]`, and leave with the new ones as `present.N.key`, `.value`.
 */
export function attendCausal(
  m: ModuleScope,
  q: Value,
  k: Value,
  v: Value,
  { mask }: ModelInputs,
  options: CausalOptions,
): Value {
  const { layer, heads, kvHeads, window, softcap, dropout = 0 } = options;
  const headDim = (q.shape[1] as number) / heads;
  const attrs = {
    heads,
    kvHeads,
    scale: options.scale ?? 1 / Math.sqrt(headDim),
    causal: true,
    ...(window !== undefined && { window: window - 1 }),
    ...(softcap !== undefined && { softcap }),
  };
  if (m.options.cache) {
    const grown = (kind: "key" | "value", x: Value): Value => {
      const shape = ["batch", kvHeads, "past", headDim];
      const past = m.graph.input(`past_key_values.${layer}.${kind}`, { dtype: "float32", shape });
      const all = appendCache(past, x, { total: "total" });
      m.graph.outputs.set(`present.${layer}.${kind}`, all);
      return all;
    };
    return cachedAttention(q, grown("key", k), grown("value", v), mask, attrs);
  }
  const drop = m.dropoutMask(["batch", heads, "seq", "seq"], dropout);
  const documents = m.options.packed ? { documents: true } : {};
  return attention(q, k, v, mask, drop, { ...attrs, ...documents, ...(drop && { keep: 1 - dropout }) });
}

/** Turns each head of `x [batch*seq, heads·headDim]` by its token's position. */
export const rotate = (x: Value, { positions }: ModelInputs, heads: number, rotary: Rotary): Value =>
  rope(x, flatten(positions), { heads, ...rotary });

/** Normalises each head of `x [batch*seq, heads·headDim]` by itself, with the weights `name [headDim]`. */
export function rmsByHead(m: ModuleScope, name: string, x: Value, heads: number, epsilon: number, offset = 0): Value {
  const [rows, width] = x.shape as [string, number];
  const apart = reshape(x, { shape: [rows, heads, width / heads] });
  return reshape(rms(m, name, apart, epsilon, offset), { shape: [rows, width] });
}

/** Settings of self-attention with a projection each for queries, keys and values. */
export interface SelfAttentionOptions extends CausalOptions {
  readonly headDim: number;
  /** True when the projections of queries, keys and values have biases. */
  readonly bias: boolean;
  /** True when the output projection has one. Default: as the others. */
  readonly outputBias?: boolean;
  /** Rotary embedding of queries and keys; absent: none. */
  readonly rotary?: Rotary | undefined;
  /** Normalises queries and keys before they turn. */
  readonly normalize?: (m: ModuleScope, name: "q_norm" | "k_norm", x: Value, heads: number) => Value;
}

/** The module `self_attn`: `x [batch*seq, hidden]` → as `x`. */
export function selfAttention(m: ModuleScope, x: Value, inputs: ModelInputs, options: SelfAttentionOptions): Value {
  const { heads, kvHeads, headDim, bias, outputBias = bias, rotary, normalize } = options;
  return m.within("self_attn", (m) => {
    const project = (name: string, count: number): Value => dense(m, name, x, count * headDim, { bias });
    const place = (name: "q_norm" | "k_norm", x: Value, count: number): Value => {
      const normal = normalize ? normalize(m, name, x, count) : x;
      return rotary ? rotate(normal, inputs, count, rotary) : normal;
    };
    const q = place("q_norm", project("q_proj", heads), heads);
    const k = place("k_norm", project("k_proj", kvHeads), kvHeads);
    const h = attendCausal(m, q, k, project("v_proj", kvHeads), inputs, options);
    return dense(m, "o_proj", h, x.shape[1] as number, { bias: outputBias });
  });
}
