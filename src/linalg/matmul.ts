/**
 * The product of `a [rows, inner]` and `b [inner, columns]`, row-major.
 * @param inner Columns of `a`, which are the rows of `b`.
 */
export function matMul(a: Float64Array, b: Float64Array, inner: number): Float64Array {
  const [rows, columns] = [a.length / inner, b.length / inner];
  const product = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const factor = a[i * inner + k]!;
      for (let j = 0; j < columns; j++) product[i * columns + j]! += factor * b[k * columns + j]!;
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
