import { z } from "zod";
import type { Init, Value } from "../../ir/graph.ts";
import { attention } from "../../ops/attention/attention.ts";
import { embedding } from "../../ops/nn/embedding.ts";
import { gelu } from "../../ops/nn/gelu.ts";
import { geluTanh } from "../../ops/nn/gelu-tanh.ts";
import { layerNorm } from "../../ops/nn/layer-norm.ts";
import { linear } from "../../ops/nn/linear.ts";
import { relu } from "../../ops/nn/relu.ts";
import { rmsNorm } from "../../ops/nn/rms-norm.ts";
import { silu } from "../../ops/nn/silu.ts";
import { tanh } from "../../ops/nn/tanh.ts";
import { reshape } from "../../ops/shape/shape.ts";
import type { ModuleScope } from "./scope.ts";

/** Initialization of a layer that a checkpoint may lack. */
export interface Fresh {
  /** Standard deviation of its weights: the config's `initializer_range`. */
  readonly std: number;
}

/** Settings of a dense layer. */
export interface DenseOptions {
  readonly bias?: boolean;
  /** Set for heads and poolers, which a base checkpoint may lack. */
  readonly fresh?: Fresh;
  /** True when checkpoints store the weight `[in, out]`. */
  readonly transposed?: boolean;
}

const normal = (fresh: Fresh | undefined): Init | undefined => fresh && { kind: "normal", std: fresh.std };
const zeros = (fresh: Fresh | undefined): Init | undefined => fresh && { kind: "zeros" };

/** The linear layer `name`: `x [rows, in]` → `[rows, out]`. */
export function dense(m: ModuleScope, name: string, x: Value, out: number, options: DenseOptions = {}): Value {
  const { bias = true, fresh, transposed } = options;
  return m.within(name, (m) => {
    const w = m.param("weight", [out, x.shape[1] as number], normal(fresh), transposed);
    return linear(x, w, bias ? m.param("bias", [out], zeros(fresh)) : undefined);
  });
}

/** The layer normalisation `name`, over the last dim. */
export function norm(m: ModuleScope, name: string, x: Value, epsilon: number, options: DenseOptions = {}): Value {
  const { bias = true, fresh } = options;
  const width = x.shape.at(-1) as number;
  return m.within(name, (m) => {
    const w = m.param("weight", [width], fresh && { kind: "ones" });
    return layerNorm(x, w, bias ? m.param("bias", [width], zeros(fresh)) : undefined, { epsilon });
  });
}

/** The RMS normalisation `name`, over the last dim. `offset` is added to its weight. */
export function rms(m: ModuleScope, name: string, x: Value, epsilon: number, offset = 0): Value {
  const w = m.within(name, (m) => m.param("weight", [x.shape.at(-1) as number]));
  return rmsNorm(x, w, { epsilon, ...(offset !== 0 && { offset }) });
}

/**
 * Rows of the table `name`: `ids [rows]` → `[rows, width]`.
 * @param paddingIdx The row that does not learn from look-ups; below 0 it counts from the end, as in PyTorch.
 */
export function lookUp(
  m: ModuleScope,
  name: string,
  ids: Value,
  count: number,
  width: number,
  paddingIdx?: number,
): Value {
  const table = m.within(name, (m) => m.param("weight", [count, width]));
  if (paddingIdx === undefined) return embedding(ids, table, {});
  return embedding(ids, table, { paddingIdx: paddingIdx < 0 ? paddingIdx + count : paddingIdx });
}

/** `[batch, seq]` → `[batch*seq]`. */
export const flatten = (ids: Value): Value => reshape(ids, { shape: [ids.shape.join("*")] });

/** Settings of self-attention. */
export interface AttendOptions {
  readonly heads: number;
  /** Probability that the model's own dropout takes an attention weight. */
  readonly dropout: number;
  /** Tokens further apart than this do not see each other; absent: all do. */
  readonly window?: number | undefined;
}

/** Self-attention, scaled by `1 / √headDim`: `q`, `k`, `v` `[batch*seq, hidden]`, `mask [batch, seq]` → as `q`. */
export function attend(m: ModuleScope, q: Value, k: Value, v: Value, mask: Value, options: AttendOptions): Value {
  const { heads, dropout, window } = options;
  const scale = 1 / Math.sqrt((q.shape[1] as number) / heads);
  const drop = m.dropoutMask(["batch", heads, "seq", "seq"], dropout);
  const attrs = { heads, scale, ...(drop && { keep: 1 - dropout }), ...(window !== undefined && { window }) };
  return attention(q, k, v, mask, drop, attrs);
}

const ACTIVATIONS = {
  gelu,
  gelu_python: gelu,
  gelu_new: geluTanh,
  gelu_fast: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu,
  silu,
  swish: silu,
  tanh,
} satisfies Record<string, (x: Value) => Value>;

/** The activations that a config may name, by transformers' names. */
export const Activation = z.enum(Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[]);

/** The activation that a config names. */
export const activation = (name: z.output<typeof Activation>, x: Value): Value => ACTIVATIONS[name](x);
