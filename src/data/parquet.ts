import { type ProcessEnd, spawnJsonLines } from "#platform";
import { DataError, type PlainError, revivedError } from "../errors.ts";
import { type ClassNames, parseRow, type Row } from "./row.ts";

/** Messages that the decoding process prints. */
export type ParquetLine =
  | { readonly kind: "row"; readonly json: string }
  | { readonly kind: "names"; readonly names: ClassNames }
  | { readonly kind: "stalled" }
  | { readonly kind: "error"; readonly error: PlainError; readonly typed: boolean };

/**
 * Processor time without a row or a page after which the decoder is taken to loop, in seconds; more for a large file. A page takes
 * milliseconds.
 */
const MAX_STALL = 2;

/**
 * Reads a Parquet file in any of its compressions, one row group at a time; a `.gz` is unpacked as a whole first. Parquet has
 * no lines, so a row's place is its number, from 1.
 *
 * It is decoded in a process of its own: one damaged byte can make the decoder loop or take all memory, which would end this
 * process too, and no exception is thrown then.
 * @param maxStall Processor time without a row or a page after which the decoder of a small file is ended, in seconds.
 * @throws {DataError} when the file is not Parquet or is damaged; {FileError} when it is missing.
 */
export async function* readParquet(path: string, maxStall = MAX_STALL): AsyncGenerator<Row, void, undefined> {
  const lines = spawnJsonLines(new URL("./parquet-process.js", import.meta.url), [path, String(maxStall)]);
  let classNames: ClassNames = {};
  let count = 0;
  try {
    for (;;) {
      const { done, value } = await lines.next();
      if (done && value.exitCode === 0) return;
      if (done) throw damaged(path, ending(value));
      const line = value as unknown as ParquetLine;
      if (line.kind === "error") throw line.typed ? revivedError(line.error) : damaged(path, line.error.message);
      if (line.kind === "stalled") throw damaged(path, `decoding stalled at row ${count + 1}`);
      if (line.kind === "names") classNames = line.names;
      if (line.kind === "row") yield { ...parseRow(line.json, `${path}:row ${++count}`, HINT), ...named(classNames) };
    }
  } finally {
    await lines.return({ exitCode: null, signal: null, stderr: "" });
  }
}

const named = (classNames: ClassNames): Pick<Row, "classNames"> =>
  Object.keys(classNames).length > 0 ? { classNames } : {};

const ending = ({ exitCode, signal, stderr }: ProcessEnd): string =>
  /heap|memory|invalid (array|table|size)/i.test(stderr)
    ? "decoding it ran out of memory"
    : `decoding it ended with ${signal ?? `exit code ${exitCode}`}`;

const damaged = (path: string, why: string): DataError =>
  new DataError(`cannot read this Parquet file: ${why}`, {
    where: path,
    hint: HINT,
  });

const HINT = "the file may be damaged or truncated; pandas or `datasets` can rewrite it, also as .jsonl.";
