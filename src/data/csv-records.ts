import { CsvError, type Options, type Parser, parse } from "#csv-parse";
import { LINE_BYTES, readThrough } from "#platform";
import { DataError } from "../errors.ts";

/** One row of a table as texts. */
export interface CsvRecord {
  readonly record: readonly string[];
  /** Its last line. */
  readonly lines: number;
}

/** Options for reading records. */
interface RecordOptions {
  /** True to parse nothing after the header: what is wrong in a row would hide it. */
  readonly onlyHeader?: boolean;
}

/** `parse`, whose type without `columns` does not let `on_record` return anything but fields. */
const parseRecords = parse as (options: Options<CsvRecord, string[]>) => Parser;

/**
 * The records of a table, its header first.
 * @throws {DataError} naming `file:line` of an unclosed quote, a row with too many or too few fields, or one that is too long.
 */
export async function* csvRecords(
  path: string,
  delimiter: string,
  { onlyHeader = false }: RecordOptions = {},
): AsyncGenerator<CsvRecord> {
  let read = 0; // lines of the records so far; on an error the stream drops those that wait in it
  const parser = parseRecords({
    // `info: true` would make the figures of each record twice.
    on_record: (record, { lines }) => {
      read = lines;
      return { record, lines };
    },
    skip_empty_lines: true,
    delimiter,
    ...(onlyHeader && { to: 1 }),
    record_delimiter: ["\r\n", "\n", "\r"],
    max_record_size: LINE_BYTES,
  });
  try {
    for await (const record of readThrough(path, parser)) yield record as CsvRecord;
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const { code, message } = cause;
    const where = `${path}:${read + 1}`;
    if (code === "CSV_MAX_RECORD_SIZE") {
      throw new DataError(`this row is longer than ${LINE_BYTES / 2 ** 20} MiB`, {
        where,
        expected: "one row a line",
        hint: "an unclosed quote makes everything after it part of the same row.",
        cause,
      });
    }
    throw new DataError(`malformed CSV: ${message}`, {
      where,
      hint: `put a value with a ${delimiterName(delimiter)}, a quote or a line break in double quotes, and double the quotes inside: "say ""yes""".`,
      cause,
    });
  }
}

/** Names of delimiters in sentences; others are shown as they are. */
const NAMES: Readonly<Record<string, string>> = { ",": "comma", ";": "semicolon", "\t": "tab" };

/** A delimiter in a sentence, after "a". */
export const delimiterName = (delimiter: string): string => NAMES[delimiter] ?? `"${delimiter}"`;
