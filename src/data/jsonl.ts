import { readLineBlocks } from "#platform";
import { parseRow, type Row } from "./row.ts";

/**
 * Reads JSON Lines: one object a line, blank lines skipped, `.gz` unpacked.
 * @throws {DataError} naming `file:line` of malformed JSON.
 */
export async function* readJsonl(path: string): AsyncGenerator<Row> {
  for await (const lines of readLineBlocks(path)) {
    for (const { line, text } of lines) {
      if (text.trim() !== "") yield parseRow(text, `${path}:${line}`, "each line must be one complete JSON object.");
    }
  }
}
