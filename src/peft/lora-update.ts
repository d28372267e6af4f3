/** A trained update of one linear layer. */
export interface Update {
  /** `[r, in]`, row-major. */
  readonly a: Float32Array;
  /** `[out, r]`, row-major. */
  readonly b: Float32Array;
  readonly r: number;
  readonly scaling: number;
  /** `[out]`: DoRA's length of each row of the merged weight. */
  readonly magnitude?: Float32Array;
}

/**
 * W  becomes  W + scaling · B·A, and with magnitudes m  m · W' / ‖W'‖ row by row. Changes `w`.
 *
 * @param w `[out, in]`, row-major. Products are summed in double precision and rounded to float32 once.
 * @see Hu et al. 2021, arXiv:2106.09685, section 4.1; Liu et al. 2024, "DoRA", arXiv:2402.09353, equation 5.
 */
export function mergeWeight(w: Float32Array, { a, b, r, scaling, magnitude }: Update): void {
  const columns = a.length / r;
  const delta = new Float64Array(columns);
  for (let row = 0, start = 0; start < w.length; row++, start += columns) {
    delta.fill(0);
    for (let k = 0; k < r; k++) {
      const factor = b[row * r + k]!;
      for (let i = 0; i < columns; i++) delta[i]! += factor * a[k * columns + i]!;
    }
    for (let i = 0; i < columns; i++) w[start + i]! += scaling * delta[i]!;
    if (magnitude) stretch(w.subarray(start, start + columns), magnitude[row]!);
  }
}

/** b  becomes  b + offset, both `[out]`. Changes `b`. */
export function mergeBias(b: Float32Array, offset: Float32Array): void {
  for (let i = 0; i < b.length; i++) b[i]! += offset[i]!;
}

/** Rows `ids` of `w` become those of `rows [ids.length, width]`. Changes `w`. */
export function mergeRows(w: Float32Array, rows: Float32Array, ids: readonly number[]): void {
  const width = rows.length / ids.length;
  for (const [i, id] of ids.entries()) w.set(rows.subarray(i * width, (i + 1) * width), id * width);
}

/** Gives a row the length asked for. */
function stretch(row: Float32Array, length: number): void {
  let squares = 0;
  for (let i = 0; i < row.length; i++) squares += row[i]! * row[i]!;
  const factor = length / Math.sqrt(squares);
  for (let i = 0; i < row.length; i++) row[i]! *= factor;
}
