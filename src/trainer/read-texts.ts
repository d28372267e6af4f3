import { DataError } from "../errors.ts";
import { readLines } from "../platform/node.ts";

/**
 * Texts of a file, one a line: plain text, or the `text` of each object of a `.jsonl` file. Blank lines are skipped.
 *
 * @throws {FileError} when there is no such file.
 * @throws {DataError} when a line of a `.jsonl` file has no text, naming the line.
 */
export async function* readTexts(path: string): AsyncGenerator<string, void, undefined> {
  const json = /\.jsonl(\.gz)?$/.test(path);
  for await (const { line, text } of readLines(path)) {
    if (text.trim() !== "") yield json ? textOf(text, `${path}:${line}`) : text;
  }
}

function textOf(line: string, where: string): string {
  const expected = 'an object with a "text", such as {"text": "…"}';
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch (cause) {
    throw new DataError("A line is not JSON.", { where, expected, cause });
  }
  const text = typeof row === "object" && row !== null && "text" in row ? row.text : undefined;
  if (typeof text !== "string") throw new DataError("A line has no text.", { where, expected });
  return text;
}
