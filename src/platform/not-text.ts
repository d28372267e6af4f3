import { type ErrorDetail, FileError } from "../errors.ts";

const NEWLINE = 10;

/** First bytes of files that people take for tables and texts, and what would do. */
const FOREIGN: readonly { readonly bytes: readonly number[]; readonly hint: string }[] = [
  {
    bytes: [0x50, 0x4b, 3, 4],
    hint: 'it is a ZIP archive, as .xlsx and .docx files are; in Excel, save the sheet as "CSV UTF-8"; save a document as plain text.',
  },
  {
    bytes: [0xd0, 0xcf, 0x11, 0xe0],
    hint: 'it is an old Office file, as .xls and .doc files are; in Excel, save the sheet as "CSV UTF-8"; save a document as plain text.',
  },
  { bytes: [0x25, 0x50, 0x44, 0x46], hint: "it is a PDF; extract its text first: pdftotext FILE.pdf NEW_FILE.txt" },
  { bytes: [0x1f, 0x8b], hint: "it is compressed with gzip; give it a name that ends in .gz." },
  { bytes: [0x50, 0x41, 0x52, 0x31], hint: "it is a Parquet file; give it a name that ends in .parquet." },
];

/**
 * A hint for a file that is no UTF-8 text, by its first bytes; undefined where nothing tells it. Excel and PowerShell write
 * UTF-16, with a byte order mark or, as every second byte of ASCII text is zero then, recognizable without one.
 */
export function foreignHint(start: Uint8Array): string | undefined {
  if (isUtf16(start))
    return "it looks like UTF-16; save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8 FILE > NEW_FILE";
  return FOREIGN.find(({ bytes }) => bytes.every((byte, i) => byte === start[i]))?.hint;
}

/** Text whose first bytes are those of UTF-16. */
function isUtf16([first, second]: Uint8Array): boolean {
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return marked || (second !== undefined && (first === 0) !== (second === 0));
}

/**
 * The error of a file that is not UTF-8.
 * @param line The line that `bytes` begin in, from 1; the error names the line of the first byte that is wrong.
 * @param bytes A part of the file that does not decode, from the beginning of a character on.
 */
export function notUtf8(path: string, line: number, bytes: Uint8Array, cause: unknown): FileError {
  const at = firstWrong(bytes);
  let wrongLine = line;
  for (let end = bytes.indexOf(NEWLINE); end !== -1 && end < at; end = bytes.indexOf(NEWLINE, end + 1)) wrongLine++;
  const byte = bytes[at];
  const hint = line === 1 ? foreignHint(bytes) : undefined;
  return notText(path, { where: `${path}:${wrongLine}`, ...hintOf(hint ?? singleByteHint(bytes, byte)), cause });
}

/** The error of a file that is not text. */
export const notText = (path: string, detail: ErrorDetail): FileError =>
  new FileError(`cannot read ${path}: not UTF-8 text`, detail);

/** Characters from 0x80 on, where Windows-1252 is not Latin-1. Node's own decoder takes one for the other. */
const WINDOWS_1252 = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

const hintOf = (hint: string | undefined): ErrorDetail => (hint === undefined ? {} : { hint });

/** A hint for text in an encoding of one byte a character. NUL bytes are in no text. */
function singleByteHint(bytes: Uint8Array, byte: number | undefined): string | undefined {
  if (byte === undefined || bytes.includes(0)) return undefined;
  const character = WINDOWS_1252[byte - 0x80] ?? String.fromCharCode(byte);
  return `byte 0x${byte.toString(16).toUpperCase()} would be "${character}" in Windows-1252; save the file as UTF-8 (in Excel: "CSV UTF-8"), or convert it: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW_FILE`;
}

/** Index of the first byte that no UTF-8 text has there, by halving: the bytes up to it may yet become text. */
function firstWrong(bytes: Uint8Array): number {
  let [good, bad] = [0, bytes.length];
  while (good < bad) {
    const half = (good + bad) >> 1;
    if (mayGoOn(bytes.subarray(0, half + 1))) good = half + 1;
    else bad = half;
  }
  return firstOfCharacter(bytes, good);
}

const mayGoOn = (bytes: Uint8Array): boolean => {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
};

/** Index where the character begins that is not complete before `at`; `at` where none is. */
function firstOfCharacter(bytes: Uint8Array, at: number): number {
  for (let back = 1; back <= 3 && at - back >= 0; back++) {
    const byte = bytes[at - back] as number;
    if (byte < 0x80) return at;
    if (byte >= 0xc0) return back <= continuations(byte) ? at - back : at;
  }
  return at;
}

/** Bytes that follow the first byte of a character. */
const continuations = (first: number): number => (first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1);

/** Bytes at the end of a piece of UTF-8 that begin a character which the next piece ends. */
export const unfinished = (bytes: Uint8Array): Uint8Array => bytes.subarray(firstOfCharacter(bytes, bytes.length));
