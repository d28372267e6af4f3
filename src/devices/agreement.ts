/** The largest relative difference between the numbers of a device and the CPU's that is accepted; kernels that are right stay below 1e-3. */
export const TOLERANCE = 1e-2;

/** Magnitude, as a share of the largest of all arrays, below which an array's own does not count: it may be zero but for rounding. */
const FLOOR = 1e-3;

/** The array of a device that differs most from the CPU's. */
export interface Difference {
  readonly name: string;
  /** Largest difference of an element over the largest magnitude of the array; infinite for numbers that are not finite. */
  readonly relative: number;
}

/** Compares arrays of the same names. */
export function worstDifference(
  cpu: ReadonlyMap<string, Float32Array>,
  device: ReadonlyMap<string, Float32Array>,
): Difference {
  const floor = FLOOR * Math.max(...[...cpu.values()].map(largest));
  let worst: Difference = { name: "", relative: 0 };
  for (const [name, wanted] of cpu) {
    const difference = largestDifference(wanted, device.get(name));
    const relative = difference === 0 ? 0 : difference / Math.max(largest(wanted), floor);
    if (!(relative <= worst.relative)) worst = { name, relative: Number.isFinite(relative) ? relative : Infinity };
  }
  return worst;
}

const largest = (data: Float32Array): number => data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

function largestDifference(wanted: Float32Array, found: Float32Array | undefined): number {
  let most = 0;
  for (let i = 0; i < wanted.length; i++) {
    const difference = Math.abs((found?.[i] ?? Number.NaN) - wanted[i]!);
    if (!(difference <= most)) most = Number.isFinite(difference) ? difference : Infinity;
  }
  return most;
}
