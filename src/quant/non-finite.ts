/** Index of the first element that is infinite or no number; `undefined` when there is none. */
export function firstNonFinite(x: Float32Array): number | undefined {
  for (let i = 0; i < x.length; i++) if (x[i]! - x[i]! !== 0) return i;
  return undefined;
}
