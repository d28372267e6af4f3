import type { Line, TextParser } from "../contract.ts";
import { foreignHint, notText } from "../not-text.ts";
import { damagedGzip, decodedChunks, lineBlocks } from "../text-lines.ts";
import { readChunks } from "./files.ts";

/** The lines of a text file, one at a time. @throws {FileError} as `readLineBlocks`. */
export async function* readLines(path: string): AsyncGenerator<Line, void, undefined> {
  for await (const lines of readLineBlocks(path)) yield* lines;
}

/** The lines of a text file, those of a piece together. @throws {FileError} when it is missing or not UTF-8. */
export const readLineBlocks = (path: string): AsyncGenerator<Iterable<Line>, void, undefined> =>
  lineBlocks(chunksOf(path), path);

/** The text of a file, piece by piece. @throws {FileError} when it is missing or not UTF-8. */
export const readTextChunks = (path: string): AsyncGenerator<string, void, undefined> =>
  decodedChunks(chunksOf(path), path);

/** The items that a parser makes of a file's text. @throws what the parser throws, and {FileError}. */
export async function* readThrough(path: string, parser: TextParser): AsyncIterable<unknown> {
  const feed = async (): Promise<void> => {
    for await (const text of readTextChunks(path)) {
      if (!parser.write(text)) await new Promise<void>((resolve) => parser.once("drain", resolve));
    }
    parser.end();
  };
  feed().catch((error: Error) => parser.destroy(error));
  yield* parser;
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const isPacked = path.toLowerCase().endsWith(".gz");
  let begun = false;
  try {
    for await (const chunk of isPacked ? unpacked(readChunks(path)) : readChunks(path)) {
      const hint = begun ? undefined : foreignHint(chunk);
      if (hint !== undefined) throw notText(path, { hint });
      begun = true;
      yield chunk;
    }
  } catch (cause) {
    throw isPacked && cause instanceof TypeError ? damagedGzip(path, cause) : cause;
  }
}

async function* unpacked(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value as Uint8Array<ArrayBuffer>);
    },
  });
  const reader = source.pipeThrough(new DecompressionStream("gzip")).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
