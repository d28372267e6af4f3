import { CsvError, type Info, parse } from "csv-parse";
import { DataError } from "../errors.ts";
import { readThrough } from "../platform/node.ts";
import type { Row } from "./row.ts";

/**
 * Reads comma-separated values with a header line, `.gz` unpacked. A column that holds only integers becomes numbers
 * (as pandas and Hugging Face `datasets` read it), so the file is read twice; every other value stays a string.
 * @throws {DataError} naming `file:line` of an unclosed quote or a row with too many or too few fields.
 */
export async function* readCsv(path: string): AsyncGenerator<Row> {
  let integers: Set<string> | undefined;
  for await (const { record } of records(path)) {
    integers ??= new Set(Object.keys(record));
    for (const name of integers) if (!/^(0|-?[1-9]\d{0,14})$/.test(record[name] ?? "")) integers.delete(name);
  }
  let line = 1; // the header's last line; `info.lines` is the last line of its record
  for await (const { record, info } of records(path)) {
    const where = `${path}:${Math.min(line + 1, info.lines)}`;
    line = info.lines;
    const values = Object.entries(record).map(([name, value]) => [name, integers?.has(name) ? Number(value) : value]);
    yield { values: Object.fromEntries(values), where };
  }
}

interface CsvRecord {
  readonly record: Record<string, string>;
  readonly info: Info;
}

async function* records(path: string): AsyncGenerator<CsvRecord> {
  const parser = parse({ columns: true, info: true, skip_empty_lines: true });
  try {
    for await (const record of readThrough(path, parser)) yield record as CsvRecord;
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const { message, lines } = cause as CsvError & { lines?: number };
    throw new DataError(`malformed CSV: ${message}`, {
      where: lines === undefined ? path : `${path}:${lines}`,
      hint: 'a value with a comma, a quote or a line break goes in double quotes, with quotes inside doubled: "say ""yes""".',
      cause,
    });
  }
}
