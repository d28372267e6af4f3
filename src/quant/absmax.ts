import { CheckpointError } from "../errors.ts";

/**
 * The largest magnitude of `weights[start … end)`; 0 when that is empty.
 *
 * @throws {CheckpointError} when a weight there is infinite or NaN: its whole block would come back as NaN.
 */
export function largestMagnitude(weights: Float32Array, start: number, end: number): number {
  let largest = 0;
  for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(weights[i]!)); // keeps a NaN, as > would not
  if (Number.isFinite(largest)) return largest;
  const at = weights.findIndex((x, i) => i >= start && !Number.isFinite(x));
  throw new CheckpointError(`cannot quantize a weight that is ${weights[at]}.`, {
    where: `element ${at} of ${weights.length}`,
    expected: "finite numbers",
    hint: "the checkpoint may have been saved after its training diverged, or its dtype was misread.",
  });
}
