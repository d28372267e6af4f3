const SIMPLE: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** The text that a string literal's inside stands for; escapes are Python's, and unknown ones stay as they are. */
export function unescaped(inside: string): string {
  return inside.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|(.))/gs,
    (whole, x?: string, u?: string, long?: string, octal?: string, other?: string) => {
      if (x !== undefined) return String.fromCharCode(Number.parseInt(x, 16));
      if (u !== undefined) return String.fromCharCode(Number.parseInt(u, 16));
      if (long !== undefined) return String.fromCodePoint(Number.parseInt(long, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      if (/^\\[xuUN]/.test(whole)) throw new Error(`cannot decode the escape ${whole} of a string`);
      return (other !== undefined ? SIMPLE[other] : undefined) ?? whole;
    },
  );
}
