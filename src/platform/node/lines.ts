import { createReadStream } from "node:fs";
import { type Duplex, pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { type ErrorDetail, FileError } from "../../errors.ts";
import type { Line, TextParser } from "../contract.ts";
import { orFileError } from "./file-error.ts";
import { regularFile } from "./file-kind.ts";
import { encodingHint, isUtf16 } from "./utf16.ts";

const NEWLINE = 10;

/** Longest line, in bytes. The longest novels have 4 MiB; beyond this a file has no lines, and memory would fill with it. */
export const LINE_BYTES = 16 * 2 ** 20;

/**
 * The lines of a text file, one at a time; of what is inside when the name ends in `.gz`.
 * Lines end at `\n` or `\r\n` only: U+2028, which JSON strings may hold, does not end one.
 *
 * @throws {FileError} when the file is missing, a line is not UTF-8 or too long, or the gzip data is damaged or cut off.
 */
export async function* readLines(path: string): AsyncGenerator<Line, void, undefined> {
  for await (const lines of readLineBlocks(path)) yield* lines;
}

/**
 * The lines of a text file as {@link readLines} has them, those of a piece of the file together: waiting for each of a million short
 * lines takes longer than reading them. They are decoded as they are walked, which has to be done before the next piece is asked for.
 */
export async function* readLineBlocks(path: string): AsyncGenerator<Iterable<Line>, void, undefined> {
  let line = 0;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const take = (rest: Uint8Array): Line => {
    if (heldBytes + rest.length > LINE_BYTES) throw tooLong(`${path}:${line + 1}`);
    const bytes = held.length ? Buffer.concat([...held, rest]) : rest;
    [held, heldBytes] = [[], 0];
    return { line: ++line, text: decode(bytes, path, line) };
  };
  function* linesOf(chunk: Buffer): Generator<Line, void, undefined> {
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
  for await (const chunk of chunksOf(path)) yield linesOf(chunk);
  if (held.length) yield [take(new Uint8Array())];
}

/**
 * The text of a file, piece by piece, unpacked when the name ends in `.gz`, without its byte order mark.
 * @throws {FileError} when the file is missing or not UTF-8, or the gzip data is damaged or cut off.
 */
export async function* readTextChunks(path: string): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (bytes?: Uint8Array): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch (cause) {
      throw notText(path, { cause });
    }
  };
  for await (const chunk of chunksOf(path)) yield decode(chunk);
  yield decode();
}

/** What a stream, such as a parser, makes of a file's text. @throws {FileError} as `readTextChunks`, and what the stream throws. */
export const readThrough = (path: string, parser: TextParser): AsyncIterable<unknown> =>
  pipeline(Readable.from(readTextChunks(path)), parser as unknown as Duplex, () => {});

async function* chunksOf(path: string): AsyncGenerator<Buffer, void, undefined> {
  await regularFile(path, { connected: true });
  const file: Readable = createReadStream(path);
  // Errors reach the loop through the last stream; the callback only keeps them from being thrown a second time.
  const stream = path.toLowerCase().endsWith(".gz") ? pipeline(file, createGunzip(), () => {}) : file;
  let begun = false;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (!begun && isUtf16(chunk)) throw notText(path, encodingHint(chunk));
      begun = true;
      yield chunk;
    }
  } catch (cause) {
    if (String((cause as NodeJS.ErrnoException).code).startsWith("Z_")) {
      const hint = "gzip -t checks a file; it may have been cut off while it was copied.";
      throw new FileError(`cannot read ${path}: the gzip data is damaged or cut off`, { hint, cause });
    }
    await orFileError("read", path)(cause);
  }
}

/** A byte order mark is dropped at the start of a file only. */
const FIRST_LINE = new TextDecoder("utf-8", { fatal: true });
const LATER_LINES = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array, path: string, line: number): string {
  try {
    const text = (line > 1 ? LATER_LINES : FIRST_LINE).decode(bytes);
    return text.endsWith("\r") ? text.slice(0, -1) : text;
  } catch (cause) {
    throw notText(path, { where: `${path}:${line}`, cause });
  }
}

const tooLong = (where: string): FileError =>
  new FileError(`this line is longer than ${LINE_BYTES / 2 ** 20} MiB`, {
    where,
    expected: "one row a line",
    hint: "a file that is one JSON array ends in .json; a text this long is better split into several rows.",
  });

const notText = (path: string, detail: ErrorDetail): FileError =>
  new FileError(`cannot read ${path}: not UTF-8 text`, detail);
