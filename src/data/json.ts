import { DataError } from "../errors.ts";
import { readJsonl } from "./jsonl.ts";
import { parseRow, type Row } from "./row.ts";
import { unpackText } from "./unpack.ts";

/**
 * Reads a JSON array of objects, `.gz` unpacked. A `.json` file that does not start with `[` is read as JSON Lines,
 * which is what many data sets keep under that name.
 * @throws {DataError} naming `file:line` of malformed JSON.
 */
export async function readJson(path: string): Promise<Row[]> {
  const text = await unpackText(path);
  if (!/^\s*\[/.test(text)) return readJsonl(path);
  return [...elements(text, path)].map(({ json, line }) =>
    parseRow(json, `${path}:${line}`, "the file is one array of objects, with commas between them."),
  );
}

/** The elements of a top-level array with the line each starts on: `JSON.parse` would not say where it stopped. */
function* elements(text: string, path: string): Generator<{ json: string; line: number }> {
  const end = text.trimEnd().length;
  let [from, fromLine, line, depth, quoted] = [0, 1, 1, 0, false];
  for (let i = 0; i < end; i++) {
    const char = text[i];
    if (char === "\n") line++;
    else if (quoted && char === "\\") i++;
    else if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === "{" || (char === "[" && depth > 0)) depth++;
    else if (char === "[") [from, fromLine, depth] = [i + 1, line, 1];
    else if (char === "}" || char === "]") depth--;
    const ends = depth === 1 ? char === "," : depth === 0 && (char === "]" || char === "}");
    if (!ends) continue;

    const json = text.slice(from, i);
    const before = /^\s*/.exec(json)?.[0] ?? "";
    const empty = char === "]" && text.slice(0, from).trim() === "[" && before === json;
    if (!empty) yield { json, line: fromLine + before.split("\n").length - 1 };
    [from, fromLine] = [i + 1, line];
    if (depth > 0) continue;
    if (from === end) return;
    throw new DataError("there is more after the closing ] of the array", { where: `${path}:${line}` });
  }
  throw new DataError("the JSON array is not closed: the file ends too early", {
    where: `${path}:${fromLine}`,
    hint: "the file may have been cut short while copying.",
  });
}
