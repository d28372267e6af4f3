import type { HeldBackRows } from "../library/index.ts";

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** A whole number with its thousands apart: `1,234,567`. */
export const count = (n: number): string => grouped.format(n);

/** A size in decimal units, three digits at most: `512 B`, `4.61 MB`, `1.2 GB`. */
export function bytes(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = n < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(n) / 3));
  return `${Number((n / 1000 ** step).toPrecision(3))} ${units[step]}`;
}

/** Number of things: `1 step`, `1,200 steps`; `noun` is one of them. */
export const counted = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

/** Seconds below which a time is only said to be short. */
const SHORT = 0.01;

/** A time in its two largest units: `0.42 s`, `12.3 s`, `2m 05s`, `3h 20m`. */
export function duration(seconds: number): string {
  if (seconds < SHORT) return seconds === 0 ? "0 s" : `< ${SHORT} s`;
  const short = Number(seconds.toPrecision(seconds < 1 ? 2 : 3));
  if (short < 60) return `${short} s`;
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}h ${two(m)}m` : `${m}m ${two(s)}s`;
}

/** A share given in percent: `0.68 %`, `100 %`. */
export const percent = (value: number): string => `${Number(value.toPrecision(3))} %`;

/** Sizes of a validation split that is held back: `90 rows to train on, 10 held back for validation (10 %)`. */
export const splitSizes = ({ percentage, trainRows, validationRows }: HeldBackRows): string =>
  `${counted(trainRows, "row")} to train on, ${count(validationRows)} held back for validation (${percent(percentage)})`;

/** A loss or score with four decimals, in exponent form when they would show nothing. */
export const figure = (value: number): string =>
  Number.isInteger(value) || Math.abs(value) >= 1e-3 ? value.toFixed(4) : value.toExponential(2);

const two = (n: number): string => String(n).padStart(2, "0");
