import { DataError } from "../errors.ts";
import { csvRecords, delimiterName } from "./csv-records.ts";
import { nameParts } from "./splits.ts";

/** Delimiters that are looked for in a header, the likeliest first. */
const KNOWN: readonly string[] = [",", ";", "\t", "|"];

/** The delimiter that a file's name promises. */
export const usualDelimiter = (path: string): string => (nameParts(path).format === "tsv" ? "\t" : ",");

/**
 * The delimiter that makes several columns of a table's header: `preferred` or the one that the name promises where they do, else
 * the first of `,`, `;`, tab and `|`. Without any, the table has one column.
 * @throws {FileError} when the file cannot be read.
 */
export async function findDelimiter(path: string, preferred = usualDelimiter(path)): Promise<string> {
  for (const delimiter of [preferred, usualDelimiter(path), ...KNOWN]) {
    if ((await headerLength(path, delimiter)) > 1) return delimiter;
  }
  return preferred;
}

/**
 * Checks that no other delimiter than the one that is given, or promised by the name, makes several columns of a header.
 * @throws {DataError} naming the one that does.
 */
export async function checkHeader(path: string, given?: string): Promise<void> {
  const tried = given ?? usualDelimiter(path);
  const found = await findDelimiter(path, tried);
  if (found === tried) return;
  throw new DataError(
    `the columns of this file are separated by a ${delimiterName(found)}, not by a ${delimiterName(tried)}`,
    {
      where: `${path}:1`,
      hint: `set delimiter: ${JSON.stringify(found)}${found === ";" ? "; spreadsheets write semicolons where the comma is the decimal sign." : "."}`,
    },
  );
}

/** Columns of a header under a delimiter; 0 where it cannot be read so. */
async function headerLength(path: string, delimiter: string): Promise<number> {
  try {
    for await (const { record } of csvRecords(path, delimiter, { onlyHeader: true })) return record.length;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
  }
  return 0;
}
