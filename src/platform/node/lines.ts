import { createReadStream } from "node:fs";
import { type Duplex, pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Line, TextParser } from "../contract.ts";
import { foreignHint, notText } from "../not-text.ts";
import { damagedGzip, decodedChunks, lineBlocks } from "../text-lines.ts";
import { orFileError } from "./file-error.ts";
import { regularFile } from "./file-kind.ts";

/**
 * The lines of a text file, one at a time; of what is inside when the name ends in `.gz`.
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
export const readLineBlocks = (path: string): AsyncGenerator<Iterable<Line>, void, undefined> =>
  lineBlocks(chunksOf(path), path);

/**
 * The text of a file, piece by piece, unpacked when the name ends in `.gz`, without its byte order mark.
 * @throws {FileError} when the file is missing or not UTF-8, or the gzip data is damaged or cut off.
 */
export const readTextChunks = (path: string): AsyncGenerator<string, void, undefined> =>
  decodedChunks(chunksOf(path), path);

/** The items that a parser makes of a file's text. @throws {FileError} as `readTextChunks`, and what the parser throws. */
export const readThrough = (path: string, parser: TextParser): AsyncIterable<unknown> =>
  pipeline(Readable.from(readTextChunks(path)), parser as unknown as Duplex, () => {});

async function* chunksOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  await regularFile(path, { connected: true });
  const file: Readable = createReadStream(path);
  // Errors reach the loop through the last stream; the callback only keeps them from being thrown a second time.
  const stream = path.toLowerCase().endsWith(".gz") ? pipeline(file, createGunzip(), () => {}) : file;
  let begun = false;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      const hint = begun ? undefined : foreignHint(chunk);
      if (hint !== undefined) throw notText(path, { hint });
      begun = true;
      yield chunk;
    }
  } catch (cause) {
    if (String((cause as NodeJS.ErrnoException).code).startsWith("Z_")) throw damagedGzip(path, cause);
    await orFileError("read", path)(cause);
  }
}
