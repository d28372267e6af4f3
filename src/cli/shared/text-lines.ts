import { DataError } from "../../errors.ts";
import type { TextInput } from "../library/index.ts";

/**
 * Lines of a stream with their numbers from 0, as files have them: they end at `\n` or `\r\n` only, and blank ones are
 * counted but left out. The stream is read only once the first line is asked for.
 * @throws {DataError} when it is not UTF-8.
 */
export async function* textLines(stream: AsyncIterable<unknown>): AsyncGenerator<TextInput, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let [index, held] = [0, ""];
  for await (const chunk of stream) {
    const lines = decoded(decoder, chunk, index).split("\n");
    const rest = lines.pop() ?? "";
    for (const [i, end] of lines.entries()) {
      const line = i === 0 ? held + end : end;
      if (line.trim() !== "") yield { text: line.replace(/\r$/, ""), index };
      index++;
    }
    held = lines.length === 0 ? held + rest : rest;
  }
  held += decoded(decoder, undefined, index);
  if (held.trim() !== "") yield { text: held.replace(/\r$/, ""), index };
}

function decoded(decoder: InstanceType<typeof TextDecoder>, chunk: unknown, index: number): string {
  if (typeof chunk === "string") return index === 0 ? chunk.replace(/^\ufeff/, "") : chunk;
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk as Uint8Array, { stream: true });
  } catch (cause) {
    throw new DataError("stdin is not UTF-8 text", { where: `after line ${index}`, cause });
  }
}
