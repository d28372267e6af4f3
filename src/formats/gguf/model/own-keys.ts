import { CheckpointError } from "../../../errors.ts";
import type { JsonObject } from "../../json/json.ts";
import type { GgufEntry } from "../writer.ts";
import type { Rope } from "./rope-of.ts";

/** Keys after the architecture's name, in the order in which they are written. */
export type MetadataKeys = Readonly<Record<string, GgufEntry | undefined>>;

/** Llama's keys. */
export const llamaKeys = (config: JsonObject): MetadataKeys => ({
  vocab_size: uint(config, "vocab_size"),
  "rope.dimension_count": { uint32: headDim(config) },
});

/** Gemma's keys, from its second version on. */
export const gemmaKeys = (config: JsonObject, { localTheta }: Rope): MetadataKeys => ({
  "rope.freq_base_swa": maybeFloat(localTheta),
  attn_logit_softcapping: maybeFloat(numberOf(config, "attn_logit_softcapping")),
  final_logit_softcapping: maybeFloat(numberOf(config, "final_logit_softcapping")),
  "attention.sliding_window": uint(config, "sliding_window"),
});

/** Phi-3's keys. */
export function phi3Keys(config: JsonObject, { partial, scaling }: Rope): MetadataKeys {
  const whole = need(config, "max_position_embeddings");
  const original = "original_max_position_embeddings";
  const trained = numberOf(scaling ?? {}, original) ?? numberOf(config, original) ?? whole;
  const stretch = whole / trained;
  return {
    context_length: { uint32: windowOf(config) },
    "rope.scaling.original_context_length": { uint32: trained },
    "rope.dimension_count": { uint32: Math.floor(partial * headDim(config)) },
    "attention.sliding_window": { uint32: numberOf(config, "sliding_window") ?? 0 },
    ...(scaling?.rope_type === "longrope" && {
      "rope.scaling.attn_factor": {
        float32: stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(trained)),
      },
    }),
  };
}

/** GPT-NeoX's keys. */
export const gptNeoxKeys = (config: JsonObject, { partial }: Rope): MetadataKeys => ({
  "rope.dimension_count": { uint32: Math.floor(partial * headDim(config)) },
  use_parallel_residual: config.use_parallel_residual !== false,
});

/** The context that needs no window. */
export const windowOf = (config: JsonObject): number =>
  Math.min(need(config, "max_position_embeddings"), numberOf(config, "sliding_window") ?? Number.POSITIVE_INFINITY);

const headDim = (config: JsonObject): number =>
  numberOf(config, "head_dim") ?? need(config, "hidden_size") / need(config, "num_attention_heads");

/** The first number under these keys. */
export function numberOf(config: JsonObject, ...names: readonly string[]): number | undefined {
  return names.map((name) => config[name]).find((value) => typeof value === "number");
}

/** The number of `numberOf`. @throws {CheckpointError} when no key holds a number. */
export function need(config: JsonObject, ...names: readonly string[]): number {
  const value = numberOf(config, ...names);
  if (value !== undefined) return value;
  throw new CheckpointError(`config.json lacks ${names.join(" or ")}`, { expected: "a number" });
}

/** A count that `config.json` must hold, under one of these keys. */
export const uint = (config: JsonObject, ...names: readonly string[]): GgufEntry => ({
  uint32: need(config, ...names),
});

/** A count, where there is one. */
export const maybeUint = (value: number | undefined): GgufEntry | undefined =>
  value === undefined ? undefined : { uint32: value };

/** A float, where there is one. */
export const maybeFloat = (value: number | undefined): GgufEntry | undefined =>
  value === undefined ? undefined : { float32: value };
