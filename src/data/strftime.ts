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
  "%": () => "%",
};

/** Local time as Python's `strftime` writes it in the C locale, for the parts of a date that chat templates use. */
export const strftime = (date: Date, format: string): string =>
  format.replace(/%([a-zA-Z%])/g, (whole, part: string) => PARTS[part]?.(date) ?? whole);
