import { existsSync, readFileSync, writeSync } from "node:fs";

/** Figures of a format so far. */
export interface Counts {
  mutations: number;
  accepted: number;
  refused: number;
  slowestMs: number;
  peakGrowthMb: number;
  seconds: number;
}

/** The mutation at hand and the figures up to it, as a worker leaves them in a file before each read. */
export interface Progress extends Counts {
  /** Position in the list of formats. */
  format: number;
  /** Of the mutation; −1 while the seeds are made. */
  index: number;
}

const FIELDS = [
  "format", "index", "mutations", "accepted", "refused", "slowestMs", "peakGrowthMb", "seconds",
] as const; // biome-ignore format: a table

/** Figures of a format that has not begun. */
export const noCounts = (): Counts => ({
  ...{ mutations: 0, accepted: 0, refused: 0, slowestMs: 0, peakGrowthMb: 0, seconds: 0 },
});

/** Leaves progress where another process finds it though this one hangs or dies: in a file, in a few microseconds. */
export function writeProgress(descriptor: number, progress: Progress): void {
  writeSync(
    descriptor,
    Float64Array.from(FIELDS, (field) => progress[field]),
    0,
    8 * FIELDS.length,
    0,
  );
}

/** What a worker left last; `undefined` before it began. */
export function readProgress(path: string): Progress | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  if (bytes.length < 8 * FIELDS.length) return undefined;
  const values = FIELDS.map((field, i) => [field, bytes.readDoubleLE(8 * i)]);
  return Object.fromEntries(values) as unknown as Progress;
}

/** The figures of two runs of one format. */
export const sum = (a: Counts, b: Counts): Counts => ({
  mutations: a.mutations + b.mutations,
  accepted: a.accepted + b.accepted,
  refused: a.refused + b.refused,
  seconds: a.seconds + b.seconds,
  slowestMs: Math.max(a.slowestMs, b.slowestMs),
  peakGrowthMb: Math.max(a.peakGrowthMb, b.peakGrowthMb),
});
