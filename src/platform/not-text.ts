import type { ErrorDetail } from "../errors.ts";

/**
 * A hint for text that is not UTF-8, from its first bytes: Excel and PowerShell write UTF-16, with a byte order mark or, as
 * every second byte of ASCII text is zero then, recognizable without one.
 */
export function encodingHint(bytes: Uint8Array): ErrorDetail {
  const hint = "it looks like UTF-16; save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8 FILE > NEW_FILE";
  return isUtf16(bytes) ? { hint } : {};
}

/** Text whose first bytes are those of UTF-16. */
export function isUtf16([first, second]: Uint8Array): boolean {
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return marked || (second !== undefined && (first === 0) !== (second === 0));
}
