import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { matMul, transposed } from "./matmul.ts";
import { leadingQr } from "./qr.ts";

/** The leading part of a singular value decomposition. The signs of a pair of vectors are free. */
export interface LeadingSvd {
  /** `[rows, rank]`, row-major: left singular vectors as columns. */
  readonly u: Float64Array;
  /** Singular values, the largest first. */
  readonly s: Float64Array;
  /** `[columns, rank]`, row-major: right singular vectors as columns. */
  readonly v: Float64Array;
}

/**
 * The `rank` largest singular values of a matrix and their vectors: the eigenvectors of the Gram matrix of its smaller side. The
 * vectors of values below 1e-8 of the largest are of no accuracy; their share of the matrix is.
 * @param x `[rows, x.length / rows]`, row-major; not changed.
 * @param rank At most the smaller side of `x`.
 */
export function leadingSvd(x: ArrayLike<number>, rows: number, rank: number): LeadingSvd {
  const columns = x.length / rows;
  const isFlat = columns > rows;
  const tall = isFlat ? transposed(x, rows) : Float64Array.from(x);
  const side = Math.min(rows, columns);
  const { eigenvectorMatrix } = new EigenvalueDecomposition(gram(tall, side), { assumeSymmetric: true }); // ascending
  const v = new Float64Array(side * rank);
  for (let i = 0; i < side; i++) {
    for (let k = 0; k < rank; k++) v[i * rank + k] = eigenvectorMatrix.get(i, side - 1 - k);
  }
  const u = matMul(tall, v, side);
  const s = normalizeColumns(u, rank);
  return isFlat ? { u: v, s, v: u } : { u, s, v };
}

/**
 * {@link leadingSvd} from the range of `(x·xᵀ)ⁿ·x·Ω`, Ω random: close to it where the singular values fall quickly, or after
 * many iterations. About 4 · (iterations + 1) · x.length · rank operations for the products, and as many for their QR.
 * @param fillNormal Fills an array with standard normal numbers.
 * @see Halko, Martinsson and Tropp 2011, arXiv:0909.4061, algorithms 4.4 and 5.1; torch's `svd_lowrank`.
 */
export function randomizedSvd(
  x: ArrayLike<number>,
  rows: number,
  rank: number,
  iterations: number,
  fillNormal: (array: Float32Array) => void,
): LeadingSvd {
  const columns = x.length / rows;
  const [w, wt] = [Float64Array.from(x), transposed(x, rows)];
  const omega = new Float32Array(columns * rank);
  fillNormal(omega);
  const rangeOf = (by: Float64Array): Float64Array => leadingQr(matMul(w, by, columns), rows, rank).q;
  let q = rangeOf(Float64Array.from(omega));
  for (let n = 0; n < iterations; n++) q = rangeOf(leadingQr(matMul(wt, q, rows), columns, rank).q);
  const { u, s, v } = leadingSvd(matMul(transposed(q, rows), w, rows), rank, rank);
  return { u: matMul(q, u, rank), s, v };
}

/** Products beside the diagonal below this are zero: the eigenvalue iteration divides by them, and overflows. */
const NEGLIGIBLE = 1e-200;

/** `xᵀ·x` of `x [x.length / columns, columns]`. */
function gram(x: Float64Array, columns: number): Matrix {
  const sums = Array.from({ length: columns }, () => new Float64Array(columns));
  for (let start = 0; start < x.length; start += columns) {
    for (let i = 0; i < columns; i++) {
      const [factor, row] = [x[start + i]!, sums[i] as Float64Array];
      for (let j = 0; j <= i; j++) row[j]! += factor * x[start + j]!;
    }
  }
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < i; j++) {
      const product = sums[i]![j]!;
      sums[i]![j] = sums[j]![i] = Math.abs(product) < NEGLIGIBLE ? 0 : product;
    }
  }
  return new Matrix(sums);
}

/** Divides each column by its length, and returns the lengths; a column of zeros stays. Changes `x`. */
function normalizeColumns(x: Float64Array, columns: number): Float64Array {
  const squares = new Float64Array(columns);
  for (let i = 0; i < x.length; i++) squares[i % columns]! += x[i]! * x[i]!;
  const lengths = squares.map(Math.sqrt);
  for (let i = 0; i < x.length; i++) x[i]! /= lengths[i % columns]! || 1;
  return lengths;
}
