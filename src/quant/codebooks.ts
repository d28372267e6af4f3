const { fround } = Math;

/**
 * 4-bit NormalFloat `[16]`: quantiles of a normal distribution scaled to [-1, 1], with an exact zero at code 7.
 *
 * @see Dettmers et al. 2023, "QLoRA", arXiv:2305.14314, appendix E.
 */
// biome-ignore format: a table
export const NF4: Float32Array = Float32Array.of(
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
  -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
  0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
  0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
);

/**
 * 4-bit float `[16]` in bit-pattern order: one sign, two exponent, one mantissa bit, scaled to [-1, 1].
 * Codes 0 and 8 both mean +0.
 *
 * @see bitsandbytes `functional.get_4bit_type`.
 */
export const FP4: Float32Array = Float32Array.of(
  ...[0, 0.0625, 8, 12, 4, 6, 2, 3].map((x) => x / 12),
  ...[0, -0.0625, -8, -12, -4, -6, -2, -3].map((x) => x / 12),
);

/** 4-bit codebooks by name. */
export const FOUR_BIT_CODEBOOKS = { nf4: NF4, fp4: FP4 } as const;

/** Name of a 4-bit codebook. */
export type FourBitType = keyof typeof FOUR_BIT_CODEBOOKS;

/**
 * The dynamic 8-bit codebook `[256]`, ascending: seven decades down from 1, of which each larger one has twice as many
 * steps as the next smaller; with 0 and 1.
 *
 * Signed: from -0.99296875 to 1, zero at code 127. Unsigned: from 0 to 1, zero at code 0.
 * Bit-equal to bitsandbytes' `create_dynamic_map`, whose float32 roundings are spelled out here.
 *
 * @see Dettmers 2015, arXiv:1511.04561; Dettmers et al. 2022, arXiv:2110.02861, section 1.3.
 */
export function dynamicMap(signed: boolean): Float32Array {
  const values = [0, 1];
  for (let decade = 0; decade < 7; decade++) {
    const edges = linspaceToOne(0.1, 2 ** (signed ? decade : decade + 1));
    const scale = fround(10 ** (decade - 6));
    for (let i = 0; i + 1 < edges.length; i++) {
      const value = fround(scale * fround(fround(edges[i]! + edges[i + 1]!) / 2));
      values.push(value);
      if (signed) values.push(-value);
    }
  }
  return Float32Array.from(values).sort();
}

/** `steps + 1` float32 values from `start` to 1, counted from the nearer end as `torch.linspace` does. */
function linspaceToOne(start: number, steps: number): Float32Array {
  const first = fround(start);
  const step = fround(fround(1 - first) / steps);
  const half = Math.floor((steps + 1) / 2);
  return Float32Array.from({ length: steps + 1 }, (_, i) => (i < half ? first + step * i : 1 - step * (steps - i)));
}
