import { OperandError } from "../../errors.ts";
import { broadcastShapes } from "../../ir/dims.ts";
import type { Tensor, TensorType } from "../../ir/types.ts";

/** Number of elements. */
export const countOf = (shape: readonly number[]): number => shape.reduce((n, length) => n * length, 1);

/** Calls `visit` with each multi-index of `shape`, row-major; the array is reused. */
export function eachIndex(shape: readonly number[], visit: (index: readonly number[], flat: number) => void): void {
  const index = shape.map(() => 0);
  const count = countOf(shape);
  for (let flat = 0; flat < count; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** The element of `x` at `index` of a shape that `x` broadcasts to. */
export function readBroadcast(x: Tensor, index: readonly number[]): number {
  let flat = 0;
  const offset = index.length - x.shape.length;
  for (let axis = 0; axis < x.shape.length; axis++) {
    flat = flat * x.shape[axis]! + (x.shape[axis] === 1 ? 0 : index[axis + offset]!);
  }
  return x.data[flat]!;
}

/** `f` of one tensor, element by element. */
export const map = (x: Tensor, f: (x: number) => number): Float64Array => x.data.map(f);

/** `f` of two tensors that broadcast to `shape`. */
export function zip(a: Tensor, b: Tensor, shape: readonly number[], f: (a: number, b: number) => number): Float64Array {
  const y = new Float64Array(countOf(shape));
  eachIndex(shape, (index, flat) => {
    y[flat] = f(readBroadcast(a, index), readBroadcast(b, index));
  });
  return y;
}

/** Calls `visit` with each row: a run of the last dim's length. */
export function eachRow(x: Tensor, visit: (row: Float64Array, i: number) => void): void {
  const length = x.shape.at(-1) ?? 1;
  for (let i = 0; i * length < x.data.length; i++) visit(x.data.subarray(i * length, (i + 1) * length), i);
}

/** `x·wᵀ + bias`, row-major: `x [rows, in]`, `w [out, in]`, `bias [out]` → `[rows, out]`. */
export function timesTransposed(x: Tensor, w: Float64Array, bias?: Tensor): Float64Array {
  const [rows, inn] = x.shape as [number, number];
  const out = w.length / inn;
  const y = new Float64Array(rows * out);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < out; j++) {
      let sum = bias?.data[j] ?? 0;
      for (let k = 0; k < inn; k++) sum += x.data[i * inn + k]! * w[j * inn + k]!;
      y[i * out + j] = sum;
    }
  return y;
}

/** Type of an elementwise op on two operands. @throws {OperandError} when the shapes do not broadcast. */
export function broadcastType(op: string, a: TensorType, b: TensorType): TensorType {
  const shape = broadcastShapes(a.shape, b.shape);
  if (!shape) throw new OperandError(op, `a [${a.shape}] and b [${b.shape}] do not broadcast`);
  if (a.dtype !== b.dtype) throw new OperandError(op, `a is ${a.dtype}, b is ${b.dtype}`);
  return { dtype: a.dtype, shape };
}

/** The Gauss error function to 1e-15: a series near zero, a continued fraction away from it. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 80; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}
