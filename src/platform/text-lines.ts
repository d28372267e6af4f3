import { FileError } from "../errors.ts";
import type { Line } from "./contract.ts";
import { notUtf8, unfinished } from "./not-text.ts";

const NEWLINE = 10;

/** Longest line, in bytes. The longest novels have 4 MiB; beyond this a file has no lines, and memory would fill with it. */
export const LINE_BYTES = 16 * 2 ** 20;

/**
 * The lines of a file's bytes, those of a chunk together. They are decoded as they are walked, which has to be done before
 * the next chunk is asked for. Lines end at `\n` or `\r\n` only: U+2028, which JSON strings may hold, does not end one.
 * @throws {FileError} when a line is not UTF-8 or too long.
 */
export async function* lineBlocks(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<Iterable<Line>, void, undefined> {
  let line = 0;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const take = (rest: Uint8Array): Line => {
    if (heldBytes + rest.length > LINE_BYTES) throw tooLong(`${path}:${line + 1}`);
    const bytes = held.length ? joined([...held, rest], heldBytes + rest.length) : rest;
    [held, heldBytes] = [[], 0];
    return { line: ++line, text: decode(bytes, path, line) };
  };
  function* linesOf(chunk: Uint8Array): Generator<Line, void, undefined> {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      yield take(chunk.subarray(from, end));
      from = end + 1;
    }
    if (from === chunk.length) return;
    held.push(chunk.subarray(from));
    heldBytes += chunk.length - from;
    if (heldBytes > LINE_BYTES) throw tooLong(`${path}:${line + 1}`);
  }
  for await (const chunk of chunks) yield linesOf(chunk);
  if (held.length) yield [take(new Uint8Array())];
}

/**
 * The text of a file's bytes, piece by piece, without its byte order mark.
 * @throws {FileError} when it is not UTF-8.
 */
export async function* decodedChunks(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  let begun: Uint8Array = new Uint8Array();
  const decodeNext = (bytes?: Uint8Array): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch (cause) {
      const rest = bytes ?? new Uint8Array();
      throw notUtf8(path, line, joined([begun, rest], begun.length + rest.length), cause);
    }
  };
  for await (const chunk of chunks) {
    const text = decodeNext(chunk);
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, end + 1)) line++;
    begun = unfinished(chunk).slice();
    yield text;
  }
  yield decodeNext();
}

/** The error of a `.gz` file that cannot be unpacked. */
export const damagedGzip = (path: string, cause: unknown): FileError =>
  new FileError(`cannot read ${path}: the gzip data is damaged or truncated`, {
    hint: "the file may have been truncated while copying; gzip -t checks it.",
    cause,
  });

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A byte order mark is dropped at the start of a file only. */
const FIRST_LINE = new TextDecoder("utf-8", { fatal: true });
const LATER_LINES = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array, path: string, line: number): string {
  try {
    const text = (line > 1 ? LATER_LINES : FIRST_LINE).decode(bytes);
    return text.endsWith("\r") ? text.slice(0, -1) : text;
  } catch (cause) {
    throw notUtf8(path, line, bytes, cause);
  }
}

const tooLong = (where: string): FileError =>
  new FileError(`this line is longer than ${LINE_BYTES / 2 ** 20} MiB`, {
    where,
    expected: "one row a line",
    hint: "if the file is one JSON array, rename it to .json; otherwise split a text this long into several rows.",
  });
