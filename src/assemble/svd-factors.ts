import type { Init } from "../ir/graph.ts";
import { transposed } from "../linalg/matmul.ts";
import { leadingSvd, randomizedSvd } from "../linalg/svd.ts";
import type { Random } from "../random.ts";
import type { BaseWeight, Factors } from "./starts.ts";

type SvdInit = Extract<Init, { kind: "svd" }>;

/** The leading part of a weight as `scaling · B·A`. Meng et al. 2024, "PiSSA", arXiv:2404.02948. */
export function svdFactors({ data, rows }: BaseWeight, { r, scaling, iterations }: SvdInit, random: Random): Factors {
  const fillNormal = (array: Float32Array): void => random.fillNormal(array, 1);
  const { u, s, v } =
    iterations === undefined ? leadingSvd(data, rows, r) : randomizedSvd(data, rows, r, iterations, fillNormal);
  const roots = s.map((value) => Math.sqrt(value / scaling));
  const scaled = (vectors: Float64Array): Float64Array => vectors.map((x, i) => roots[i % r]! * x);
  return { A: Float32Array.from(transposed(scaled(v), v.length / r)), B: Float32Array.from(scaled(u)) };
}
