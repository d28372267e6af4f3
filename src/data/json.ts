import { LINE_BYTES, readTextChunks } from "#platform";
import { DataError } from "../errors.ts";
import { readJsonl } from "./jsonl.ts";
import { parseRow, type Row } from "./row.ts";

/**
 * Reads a JSON array of objects, `.gz` unpacked. A `.json` file that does not start with `[` is read as JSON Lines,
 * which is what many data sets keep under that name.
 * @throws {DataError} naming `file:line` of malformed JSON, or of an element that is too long.
 */
export async function* readJson(path: string): AsyncGenerator<Row> {
  if (!(await startsWithBracket(path))) return yield* readJsonl(path);
  for await (const { json, line } of elements(path)) {
    yield parseRow(json, `${path}:${line}`, "the file must be one array of objects, separated by commas.");
  }
}

async function startsWithBracket(path: string): Promise<boolean> {
  for await (const text of readTextChunks(path)) {
    const begun = text.trimStart();
    if (begun !== "") return begun.startsWith("[");
  }
  return false;
}

/** The elements of a top-level array with the line each starts on: `JSON.parse` would not say where it stopped. */
async function* elements(path: string): AsyncGenerator<{ json: string; line: number }> {
  let [line, depth, quoted, escaped, count, closed] = [1, 0, false, false, 0, false];
  let held = ""; // of the element at hand, what lies in earlier pieces
  let heldLine = 1;
  for await (const text of readTextChunks(path)) {
    let from = 0;
    for (let i = 0; i < text.length; i++) {
      const char = text[i] as string;
      if (char === "\n") line++;
      if (closed) {
        if (char.trim() === "") continue;
        throw new DataError("the file continues after the closing ] of the array", { where: `${path}:${line}` });
      }
      if (escaped) escaped = false;
      else if (quoted && char === "\\") escaped = true;
      else if (char === '"') quoted = !quoted;
      else if (quoted) continue;
      else if (char === "{" || (char === "[" && depth > 0)) depth++;
      else if (char === "[") [from, heldLine, depth] = [i + 1, line, 1];
      else if (char === "}" || char === "]") depth--;
      closed = depth === 0 && char === "]" && !quoted;
      if (!closed && (depth !== 1 || char !== "," || quoted)) continue;

      const json = held + text.slice(from, i);
      const empty = closed && count === 0 && json.trim() === "";
      if (!empty) yield { json, line: heldLine + blankLines(json) };
      [held, from, heldLine] = ["", i + 1, line];
      count++;
    }
    held += text.slice(from);
    if (held.length > LINE_BYTES) {
      throw new DataError(`this element of the array is longer than ${LINE_BYTES / 2 ** 20} MiB`, {
        where: `${path}:${heldLine + blankLines(held)}`,
        expected: "one object for each row",
        hint: "split a text this long into several rows.",
      });
    }
  }
  if (closed) return;
  throw new DataError("the JSON array is not closed; the file ends too early", {
    where: `${path}:${heldLine}`,
    hint: "the file may have been truncated while copying.",
  });
}

/** Line breaks before the first character that is none. */
const blankLines = (text: string): number =>
  text.slice(0, text.length - text.trimStart().length).split("\n").length - 1;
