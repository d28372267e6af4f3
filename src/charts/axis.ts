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
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const place = (value: number): number => from + ((value - low) / (high - low)) * (to - from);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => low + i * step);
  return {
    at: (value) => place(unit(value)),
    ticks: ticks.map((value) => ({ value: place(value), label: value.toFixed(decimals) })),
  };
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
