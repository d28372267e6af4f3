/** The leading part of a QR factorization. */
export interface LeadingQr {
  /** `[rows, rank]`, row-major: the first columns of Q, orthonormal. */
  readonly q: Float64Array;
  /** `[rank, columns]`, row-major: the first rows of R, zero below the diagonal. */
  readonly r: Float64Array;
}

/**
 * The first `rank` columns of Q and rows of R, with `x = Q·R`: Householder reflections, with the signs of LAPACK's `geqrf`.
 * @param x `[rows, x.length / rows]`, row-major; not changed. About 4 · x.length · rank operations.
 * @param rank At most the smaller side of `x`.
 * @see Golub and Van Loan, "Matrix Computations", 4th edition, algorithm 5.2.1.
 */
export function leadingQr(x: ArrayLike<number>, rows: number, rank: number): LeadingQr {
  const columns = x.length / rows;
  const work = Float64Array.from(x);
  const reflections = Array.from({ length: rank }, (_, k) => reflect(work, rows, columns, k));
  const r = work.slice(0, rank * columns);
  for (let k = 0; k < rank; k++) r.fill(0, k * columns, k * columns + Math.min(k, columns));
  const q = new Float64Array(rows * rank);
  for (let k = 0; k < rank; k++) q[k * rank + k] = 1;
  for (let k = rank - 1; k >= 0; k--) apply(q, rank, reflections[k] as Reflection, k, 0);
  return { q, r };
}

/** `I − τ·v·vᵀ`; `v` holds zeros before its index. */
interface Reflection {
  readonly v: Float64Array;
  readonly tau: number;
}

/** Makes column `k` zero below the diagonal. Changes `work`. */
function reflect(work: Float64Array, rows: number, columns: number, k: number): Reflection {
  const v = new Float64Array(rows);
  let squares = 0;
  for (let i = k; i < rows; i++) {
    v[i] = work[i * columns + k]!;
    if (i > k) squares += v[i]! * v[i]!;
  }
  const head = v[k]!;
  v[k] = 1;
  if (squares === 0) return { v: v.fill(0, k + 1), tau: 0 };
  const beta = -Math.sign(head || 1) * Math.hypot(head, Math.sqrt(squares));
  for (let i = k + 1; i < rows; i++) v[i]! /= head - beta;
  const reflection = { v, tau: (beta - head) / beta };
  apply(work, columns, reflection, k, k);
  return reflection;
}

/** Multiplies by a reflection from the left, from column `start` on. Changes `work`. */
function apply(work: Float64Array, columns: number, { v, tau }: Reflection, k: number, start: number): void {
  if (tau === 0) return;
  const sums = new Float64Array(columns);
  for (let i = k; i < v.length; i++) {
    for (let j = start; j < columns; j++) sums[j]! += v[i]! * work[i * columns + j]!;
  }
  for (let i = k; i < v.length; i++) {
    for (let j = start; j < columns; j++) work[i * columns + j]! -= tau * v[i]! * sums[j]!;
  }
}
