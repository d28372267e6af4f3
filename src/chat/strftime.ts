const english = (date: Date, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat("en-US", options).format(date);

const two = (value: number): string => String(value).padStart(2, "0");

const PARTS: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => two(date.getFullYear() % 100),
  m: (date) => two(date.getMonth() + 1),
  B: (date) => english(date, { month: "long" }),
  b: (date) => english(date, { month: "short" }),
  d: (date) => two(date.getDate()),
  A: (date) => english(date, { weekday: "long" }),
  a: (date) => english(date, { weekday: "short" }),
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
  j: (date) => String(dayOfYear(date)).padStart(3, "0"),
  e: (date) => String(date.getDate()).padStart(2),
  u: (date) => String(date.getDay() || 7),
  w: (date) => String(date.getDay()),
  "%": () => "%",
};

/** Directives that stand for others. */
const SHORT: Readonly<Record<string, string>> = {
  c: "%a %b %e %H:%M:%S %Y",
  D: "%m/%d/%y",
  F: "%Y-%m-%d",
  h: "%b",
  R: "%H:%M",
  T: "%H:%M:%S",
  x: "%m/%d/%y",
  X: "%H:%M:%S",
};

function dayOfYear(date: Date): number {
  const midnight = (month: number, day: number): number => Date.UTC(date.getFullYear(), month, day);
  return 1 + (midnight(date.getMonth(), date.getDate()) - midnight(0, 1)) / 86_400_000;
}

/** Directives of Python that are not written here; letters that are none stay as they stand, as there. */
const UNSUPPORTED = /[UWGVgCsZzfntklPrE]/;

/**
 * Local time as Python's `strftime` writes it in the C locale; `%-d` leaves out zeros or spaces before a number, as on Linux.
 * @throws {RangeError} for a directive of Python that is not among these.
 */
export const strftime = (date: Date, format: string): string =>
  format.replace(/%(-?)([a-zA-Z%])/g, (whole, bare: string, part: string) => {
    const short = SHORT[part];
    if (short !== undefined) return strftime(date, short);
    if (UNSUPPORTED.test(part)) throw new RangeError(`strftime_now does not support ${whole}`);
    const text = PARTS[part]?.(date) ?? whole;
    return bare ? text.replace(/^[0 ]+(?=\d)/, "") : text;
  });
