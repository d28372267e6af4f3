/** `x [rows, columns]` as `[columns, rows]`. */
export function transpose(x: Float32Array, rows: number): Float32Array<ArrayBuffer> {
  const columns = x.length / rows;
  const out = new Float32Array(x.length);
  for (let row = 0, from = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[column * rows + row] = x[from++]!;
  }
  return out;
}
