/** A vector divided by its Euclidean length. */
export function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return vector.map((x) => x / length);
}

/** The dot product of vectors of unit length. */
export function cosine(a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** Vectors of unit length, cut to each of some lengths before. Default: whole. */
export const atLengths = (vectors: readonly Float32Array[], dims: readonly number[] = [Infinity]): Float32Array[][] =>
  dims.map((dim) => vectors.map((vector) => unit(vector.slice(0, dim))));

/** The Euclidean distance of vectors. */
export function distance(a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return Math.sqrt(sum);
}
