/** Numbers in words. */

/** An integer with separators. */
export const count = (value: number): string => value.toLocaleString("en-US");

/** `1 row`, `2 rows`. */
export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

/** Bytes: `310 MB`. */
export function bytes(value: number): string {
  const [unit, size] = value >= 1e9 ? ["GB", value / 1e9] : value >= 1e6 ? ["MB", value / 1e6] : ["kB", value / 1e3];
  return `${size >= 10 ? Math.round(size) : size.toFixed(1)} ${unit}`;
}

/** Seconds: `40 s`, `3 min 20 s`, `1 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** A score between 0 and 1, or a loss. */
export const score = (value: number): string => value.toFixed(3);

/** A share: `1.3 %`. */
export const percent = (value: number): string => `${value >= 10 ? Math.round(value) : value.toPrecision(2)} %`;
