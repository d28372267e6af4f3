import type { Init, QuantizationScheme } from "../ir/graph.ts";
import { transposed } from "../linalg/matmul.ts";
import { type LeadingSvd, leadingSvd, randomizedSvd } from "../linalg/svd.ts";
import { throughQuantization } from "../quant/schemes/index.ts";
import type { Random } from "../random.ts";
import type { BaseWeight, Factors } from "./initial-values.ts";

type SvdInit = Extract<Init, { kind: "svd" }>;

/** The leading part of a weight as `scaling · B·A`. Meng et al. 2024, "PiSSA", arXiv:2404.02948. */
export function svdFactors({ data, rows }: BaseWeight, { r, scaling, iterations }: SvdInit, random: Random): Factors {
  const fillNormal = (array: Float32Array): void => random.fillNormal(array, 1);
  return factorsOf(
    iterations === undefined ? leadingSvd(data, rows, r) : randomizedSvd(data, rows, r, iterations, fillNormal),
    scaling,
  );
}

/**
 * The leading part of what quantization loses of a weight as `B·A`, whatever the scaling. Li et al. 2023, "LoftQ", arXiv:2310.08659,
 * algorithm 1 with one iteration; PEFT's `replace_lora_weights_loftq`.
 */
export function errorFactors({ data, rows }: BaseWeight, r: number, scheme: QuantizationScheme): Factors {
  const quantized = throughQuantization(data, rows, scheme);
  const error = data.map((x, i) => x - quantized[i]!);
  return factorsOf(leadingSvd(error, rows, r), 1);
}

/** A and B with `scaling · B·A = u · diag(s) · vᵀ`, the roots of the values in both. */
function factorsOf({ u, s, v }: LeadingSvd, scaling: number): Factors {
  const r = s.length;
  const roots = s.map((value) => Math.sqrt(value / scaling));
  const scaled = (vectors: Float64Array): Float64Array => vectors.map((x, i) => roots[i % r]! * x);
  return { A: Float32Array.from(transposed(scaled(v), v.length / r)), B: Float32Array.from(scaled(u)) };
}
