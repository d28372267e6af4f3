import { type CsvError, type Info, parse } from "csv-parse/sync";
import { DataError } from "../errors.ts";
import type { Row } from "./row.ts";
import { unpackText } from "./unpack.ts";

/**
 * Reads comma-separated values with a header line, `.gz` unpacked. A column that holds only integers becomes numbers
 * (as pandas and Hugging Face `datasets` read it); every other value stays a string.
 * @throws {DataError} naming `file:line` of an unclosed quote or a row with too many or too few fields.
 */
export async function readCsv(path: string): Promise<Row[]> {
  const records = parseRecords(await unpackText(path), path);
  const integers = new Set(Object.keys(records[0]?.record ?? {}));
  for (const { record } of records) {
    for (const name of integers) if (!/^(0|-?[1-9]\d{0,14})$/.test(record[name] ?? "")) integers.delete(name);
  }
  let line = 1; // the header's last line; `info.lines` is the last line of its record
  return records.map(({ record, info }) => {
    const where = `${path}:${Math.min(line + 1, info.lines)}`;
    line = info.lines;
    const values = Object.entries(record).map(([name, value]) => [name, integers.has(name) ? Number(value) : value]);
    return { values: Object.fromEntries(values), where };
  });
}

interface CsvRecord {
  readonly record: Record<string, string>;
  readonly info: Info;
}

function parseRecords(text: string, path: string): CsvRecord[] {
  try {
    const options = { columns: true, info: true, skip_empty_lines: true } as const;
    return parse(text, options) as unknown as CsvRecord[];
  } catch (cause) {
    const { message, lines } = cause as CsvError & { lines?: number };
    throw new DataError(`malformed CSV: ${message}`, {
      where: lines === undefined ? path : `${path}:${lines}`,
      hint: 'a value with a comma, a quote or a line break goes in double quotes, with quotes inside doubled: "say ""yes""".',
      cause,
    });
  }
}
