import type { ErrorDetail } from "../errors.ts";

const SHEET = 'open it in a spreadsheet program and save the sheet as "CSV UTF-8".';
const DOCUMENT = "write its texts into a .csv or .jsonl file, one row a text.";

/** Remedies for files that are not read, by the endings of their names. */
const HINTS: Readonly<Record<string, string>> = {
  txt: 'if it is a table, set delimiter, e.g. delimiter: "\\t".',
  ...{ xlsx: SHEET, xls: SHEET, ods: SHEET, numbers: SHEET },
  ...{ docx: DOCUMENT, doc: DOCUMENT, odt: DOCUMENT, rtf: DOCUMENT, pdf: DOCUMENT },
  zip: "unpack it.",
  arrow: "save it as Parquet, with to_parquet of Python's datasets.",
};

/** A hint for the first of some files whose format has one, with its name where there are several. */
export function hintFor(paths: readonly string[]): ErrorDetail {
  for (const path of paths) {
    const hint = HINTS[path.split(".").at(-1)?.toLowerCase() ?? ""];
    if (hint !== undefined) return { hint: paths.length > 1 ? `${path}: ${hint}` : hint };
  }
  return {};
}
