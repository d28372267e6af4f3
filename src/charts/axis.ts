/** A scale from data to pixels, with its marks. */
export interface Axis {
  /** Pixels of a value. */
  readonly at: (value: number) => number;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
}

/** Position of an axis on the drawing, in pixels: from its lowest value to its highest. */
export type Span = readonly [from: number, to: number];

/** An axis of equal steps (1, 2 or 5 times a power of ten) that holds all `values`. */
export function linearAxis(
  values: readonly number[],
  [from, to]: Span,
  unit: (value: number) => number = (v) => v,
): Axis {
  const scaled = values.map(unit);
  const [least, most] = [Math.min(...scaled), Math.max(...scaled)];
  const step = niceStep((most - least || Math.abs(most) || 1) / 4);
  const first = Math.floor(least / step);
  const last = Math.max(first + 1, Math.ceil(most / step));
  const [low, high] = [first * step, last * step];
  const place = (value: number): number => from + ((value - low) / (high - low)) * (to - from);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  return {
    at: (value) => place(unit(value)),
    ticks: ticks.map((value) => ({ value: place(value), label: tickLabel(value, step) })),
  };
}

/** An axis of steps of a run, from 0 to the last one. */
export function stepAxis(last: number, [from, to]: Span): Axis {
  const step = Math.max(1, niceStep(last / 8));
  const at = (value: number): number => from + (value / last) * (to - from);
  const ticks = Array.from({ length: Math.floor(last / step + 1e-9) + 1 }, (_, i) => i * step);
  return { at, ticks: ticks.map((value) => ({ value: at(value), label: countLabel(value) })) };
}

/** An axis of shares, from 0 to 1. */
export function shareAxis([from, to]: Span): Axis {
  const at = (value: number): number => from + value * (to - from);
  return { at, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1].map((value) => ({ value: at(value), label: value.toFixed(1) })) };
}

/** A count in at most five characters: `9999`, `12k`, `1.5M`. */
export function countLabel(count: number): string {
  const power = count < 10_000 ? 0 : count < 999_500 ? 1 : 2;
  return `${Number((count / 1000 ** power).toPrecision(power === 0 ? 4 : 3))}${["", "k", "M"][power]}`;
}

/** Label of a mark on an axis in equal steps; `5e-5` where decimals would be many, as `1e6` where zeros would. */
function tickLabel(value: number, step: number): string {
  if (value !== 0 && (step < 1e-3 || step >= 1e6)) {
    return Number(value.toPrecision(6)).toExponential().replace("+", "");
  }
  return value.toFixed(value === 0 && step < 1e-3 ? 0 : Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}

/** An axis of powers of ten that holds all `values`, which are above zero. */
export function logAxis(values: readonly number[], [from, to]: Span): Axis {
  const logs = values.map((value) => Math.log10(Math.max(1, value)));
  const low = Math.floor(Math.min(...logs) - 0.05);
  const high = Math.max(low + 1, Math.ceil(Math.max(...logs) + 0.05));
  const place = (log: number): number => from + ((log - low) / (high - low)) * (to - from);
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  return {
    at: (value) => place(Math.log10(Math.max(1, value))),
    ticks: ticks.map((log) => ({ value: place(log), label: power(log) })),
  };
}

/** `1`, `100`, `10 k`, `1 M`, … */
function power(log: number): string {
  const thousands = Math.floor(log / 3);
  return `${10 ** (log - 3 * thousands)} ${["", "k", "M", "G", "T"][thousands] ?? `e${3 * thousands}`}`.trim();
}

function niceStep(rough: number): number {
  const unit = 10 ** Math.floor(Math.log10(rough));
  return unit * ([1, 2, 5].find((step) => step * unit >= rough * 0.999) ?? 10);
}
