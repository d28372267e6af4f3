import type { QuantizationScheme } from "../../ir/graph.ts";
import type { SchemeName } from "../scheme-names.ts";
import type { SchemeDefinition } from "./definition.ts";
import { fp4 } from "./fp4.ts";
import { gguf } from "./gguf.ts";
import { int8 } from "./int8.ts";
import { nf4 } from "./nf4.ts";

/** Every scheme, by its name. */
export const SCHEMES = { nf4, fp4, gguf, int8 } satisfies Readonly<Record<SchemeName, SchemeDefinition>>;

type SettingsOf<D> = D extends SchemeDefinition<infer S> ? S : never;

/** A scheme with its settings: how one weight is quantized. */
export type Scheme = SettingsOf<(typeof SCHEMES)[SchemeName]>;

/** Definition of a weight's scheme. */
export const definitionOf = ({ type }: QuantizationScheme): SchemeDefinition => SCHEMES[type as SchemeName];

/** The weight that `w [rows, n / rows]` is once quantized; itself where its file held it quantized. */
export function throughQuantization(w: Float32Array, rows: number, scheme: QuantizationScheme): Float32Array {
  const { codec } = definitionOf(scheme);
  if (codec.kind === "stored") return w;
  return codec.dequantize(codec.quantize(w, rows, scheme), scheme, w.length);
}
