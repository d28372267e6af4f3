const { fround } = Math;

/** Running sums side by side: eight float32 lanes of a vector register, four registers. */
const LANES = 8;
const WIDTH = 4 * LANES;

/** Sums of sums of sums: as deep as the cascade goes. */
const LEVELS = 4;

/**
 * The float32 mean of `x [n]`, `n` at least 1, summed in the order in which torch sums on one thread of an AVX2 CPU.
 *
 * Float32 addition is not associative, so bit-equality with files made by bitsandbytes needs the same order: 32
 * columns, each summed in cascades of runs so that the rounding error grows with log n rather than n.
 *
 * @see pytorch `aten/src/ATen/native/cpu/SumKernel.cpp`, `vectorized_inner_sum`.
 */
export function meanOf(x: Float32Array): number {
  const vectors = Math.floor(x.length / LANES);
  const rows = Math.floor(vectors / 4);
  const columns = cascade(x, rows);
  for (let i = rows * WIDTH; i < vectors * LANES; i++) columns[i % LANES]! += x[i]!;
  for (let i = LANES; i < WIDTH; i++) columns[i % LANES]! += columns[i]!;
  let sum = 0;
  for (let i = vectors * LANES; i < x.length; i++) sum = fround(sum + x[i]!);
  for (let lane = 0; lane < LANES; lane++) sum = fround(sum + columns[lane]!);
  return fround(sum / x.length);
}

/** Sums of the 32 columns of `x [rows, 32]`. A level is added to the next, and starts again, every `run` of its additions. */
function cascade(x: Float32Array, rows: number): Float32Array {
  const runBits = Math.max(4, Math.floor(Math.ceil(Math.log2(rows)) / LEVELS));
  const levels = Array.from({ length: LEVELS }, () => new Float32Array(WIDTH));
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < WIDTH; i++) levels[0]![i]! += x[row * WIDTH + i]!;
    for (let level = 1; level < LEVELS && (row + 1) % 2 ** (level * runBits) === 0; level++) {
      for (let i = 0; i < WIDTH; i++) levels[level]![i]! += levels[level - 1]![i]!;
      levels[level - 1]!.fill(0);
    }
  }
  for (let level = 1; level < LEVELS; level++) {
    for (let i = 0; i < WIDTH; i++) levels[0]![i]! += levels[level]![i]!;
  }
  return levels[0]!;
}
