import type { Update } from "./lora-update.ts";

/** Updates of one rank and one scaling. */
export interface EvenUpdates {
  readonly r: number;
  readonly scaling: number;
  /** By parameter, in the order given. */
  readonly updates: ReadonlyMap<string, Update>;
}

/**
 * The same updates under one rank and one scaling, for files that know no patterns: rows of zeros fill A up, and
 * B takes what a scaling differs by. Where all are equal already, the arrays stay as they are.
 */
export function evenUpdates(given: ReadonlyMap<string, Update>): EvenUpdates {
  const all = [...given.values()];
  const r = Math.max(...all.map((update) => update.r));
  const scaling = mostFrequent(all.map((update) => update.scaling));
  const updates = [...given].map(([param, update]) => [param, padded(rescaled(update, scaling), r)] as const);
  return { r, scaling, updates: new Map(updates) };
}

/** The update with another scaling, and B changed so that it stays the same. */
export function rescaled(update: Update, scaling: number): Update {
  if (update.scaling === scaling) return update;
  const factor = update.scaling / scaling;
  return { ...update, scaling, b: update.b.map((x) => x * factor) };
}

function padded(update: Update, r: number): Update {
  if (update.r === r) return update;
  const rows = update.b.length / update.r;
  const a = new Float32Array((update.a.length / update.r) * r);
  const b = new Float32Array(rows * r);
  a.set(update.a);
  for (let row = 0; row < rows; row++) b.set(update.b.subarray(row * update.r, (row + 1) * update.r), row * r);
  return { ...update, r, a, b };
}

/** The value that occurs most often; of several the first. */
export function mostFrequent(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}
