/**
 * The product of `a [rows, inner]` and `b [inner, columns]`, row-major.
 * @param inner Columns of `a`, which are the rows of `b`.
 */
export function matMul(a: Float64Array, b: Float64Array, inner: number): Float64Array {
  const [rows, columns] = [a.length / inner, b.length / inner];
  const product = new Float64Array(rows * columns);
  const whole = inner & ~3; // four terms a round: a sum is read and written once for them
  for (let i = 0; i < rows; i++) {
    const to = i * columns;
    for (let k = 0; k < whole; k += 4) {
      const at = i * inner + k;
      const [a0, a1, a2, a3] = [a[at]!, a[at + 1]!, a[at + 2]!, a[at + 3]!];
      const [b0, b1, b2, b3] = [k * columns, (k + 1) * columns, (k + 2) * columns, (k + 3) * columns];
      for (let j = 0; j < columns; j++) {
        product[to + j]! += a0 * b[b0 + j]! + a1 * b[b1 + j]! + a2 * b[b2 + j]! + a3 * b[b3 + j]!;
      }
    }
    for (let k = whole; k < inner; k++) {
      const factor = a[i * inner + k]!;
      for (let j = 0; j < columns; j++) product[to + j]! += factor * b[k * columns + j]!;
    }
  }
  return product;
}

/** The transpose of `x [rows, x.length / rows]`, row-major. */
export function transposed(x: ArrayLike<number>, rows: number): Float64Array {
  const columns = x.length / rows;
  const result = new Float64Array(x.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = x[i * columns + j]!;
  }
  return result;
}
