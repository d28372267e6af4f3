import { DataError } from "../errors.ts";
import { csvRecords } from "./csv-records.ts";
import { checkHeader, usualDelimiter } from "./delimiter.ts";
import type { ReadOptions, Row } from "./row.ts";

/** Columns of a file: as many as a spreadsheet has. */
const MAX_COLUMNS = 16_384;

/**
 * Reads values separated by commas, in `.tsv` files by tabs, or by the delimiter that is given, with a header line, `.gz` unpacked;
 * `\n`, `\r\n` and `\r` each end a record. A column that holds only integers, or nothing, becomes numbers (as pandas and Hugging
 * Face `datasets` read it), so a file with one is read twice; every other value stays a string, and an empty cell the empty one.
 * @throws {DataError} naming `file:line` of a header that another delimiter separates, an unclosed quote, a row with too many or
 *   too few fields, or one that is too long.
 */
export async function* readCsv(path: string, { delimiter }: ReadOptions = {}): AsyncGenerator<Row> {
  const records = () => csvRecords(path, delimiter ?? usualDelimiter(path));
  await checkHeader(path, delimiter);
  let names: readonly string[] | undefined;
  const integers = new Set<number>();
  const others = new Set<number>();
  for await (const { record } of records()) {
    if (!names) names = columnNames(record, path);
    else {
      for (let at = 0; at < record.length; at++) {
        const value = record[at] as string;
        if (value === "" || others.has(at)) continue;
        (INTEGER.test(value) ? integers : others).add(at);
      }
      if (others.size === names.length) break; // no column of numbers is left to find
    }
  }
  for (const at of others) integers.delete(at);
  let line = 0; // the last line of the record before
  for await (const { record, lines } of records()) {
    const where = `${path}:${Math.min(line + 1, lines)}`;
    if (line > 0) yield { values: valuesOf(record, names as readonly string[], integers), where };
    line = lines;
  }
}

const INTEGER = /^(0|-?[1-9]\d{0,14})$/;

function valuesOf(
  record: readonly string[],
  names: readonly string[],
  integers: ReadonlySet<number>,
): Record<string, unknown> {
  const values: [string, unknown][] = record.map((value, at) => [
    names[at] as string,
    integers.has(at) && value !== "" ? Number(value) : value,
  ]);
  return Object.fromEntries(values);
}

/** The header's names as pandas makes them: a column without one is `Unnamed: 2`, a second `text` is `text.1`. */
function columnNames(header: readonly string[], path: string): string[] {
  if (header.length > MAX_COLUMNS) {
    throw new DataError(`this file has ${header.length} columns`, {
      where: `${path}:1`,
      expected: `at most ${MAX_COLUMNS}`,
      hint: "write one row a line, with the header first.",
    });
  }
  const names = new Set<string>();
  for (const [at, given] of header.entries()) {
    const name = given === "" ? `Unnamed: ${at}` : given;
    let unique = name;
    for (let copy = 1; names.has(unique); copy++) unique = `${name}.${copy}`;
    names.add(unique);
  }
  return [...names];
}
