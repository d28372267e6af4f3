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

/** A stream of Node as bundlers have it for browsers: it emits what it has, and can be neither walked nor destroyed. */
interface Emitter {
  /** Called by csv-parse where it wants no more. */
  destroy?: () => void;
  on(event: "data", listener: (item: unknown) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end", listener: () => void): unknown;
}

/** The items that a parser makes of a file's text. @throws what the parser throws, and {FileError}. */
export async function* readThrough(path: string, parser: TextParser): AsyncIterable<unknown> {
  const emitter = parser as unknown as Emitter;
  emitter.destroy ??= () => {};
  const items: unknown[] = [];
  emitter.on("data", (item) => items.push(item));
  const ended = new Promise<void>((resolve, reject) => {
    emitter.on("end", resolve);
    emitter.on("error", reject);
  });
  ended.catch(() => {}); // it is awaited only once all is written
  for await (const text of readTextChunks(path)) {
    const drained = new Promise<void>((resolve) => parser.once("drain", resolve));
    if (!parser.write(text)) await Promise.race([drained, ended]);
    yield* items.splice(0);
  }
  parser.end();
  await ended;
  yield* items;
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
