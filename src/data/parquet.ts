import { type ProcessEnd, spawnJsonLines } from "#platform";
import { DataError, type PlainError, revivedError } from "../errors.ts";
import { type ClassNames, parseRow, type Row } from "./row.ts";

/** Messages that the decoding process prints. */
export type ParquetLine =
  | { readonly kind: "row"; readonly json: string }
  | { readonly kind: "names"; readonly names: ClassNames }
  | { readonly kind: "page" }
  | { readonly kind: "error"; readonly error: PlainError; readonly typed: boolean };

/** Seconds without a row or a page after which the decoder is taken to loop. A page takes milliseconds, a group seconds. */
const MAX_STALL = 20;

/**
 * Reads a Parquet file in any of its compressions, one row group at a time; a `.gz` is unpacked as a whole first. Parquet has
 * no lines, so a row's place is its number, from 1.
 *
 * It is decoded in a process of its own: one damaged byte can make the decoder loop or take all memory, which would end this
 * process too, and no exception is thrown then.
 * @param maxStall Seconds after which a decoder that shows no row and no page is ended.
 * @throws {DataError} when the file is not Parquet or is damaged; {FileError} when it is missing.
 */
export async function* readParquet(path: string, maxStall = MAX_STALL): AsyncGenerator<Row, void, undefined> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const stalled = new AbortController();
  const lines = spawnJsonLines(new URL(`./parquet-process.${extension}`, import.meta.url), [path], stalled.signal);
  let classNames: ClassNames = {};
  let [started, waiting, seconds, count] = [false, false, 0, 0];
  const clock = setInterval(() => {
    if (started && waiting && ++seconds >= maxStall) stalled.abort();
  }, 1000);
  try {
    for (;;) {
      [waiting, seconds] = [true, 0];
      const { done, value } = await lines.next();
      [started, waiting] = [true, false];
      if (done) {
        if (value.exitCode === 0) return;
        throw damaged(
          path,
          stalled.signal.aborted ? `it stopped at row ${count + 1} and did not go on` : ending(value),
        );
      }
      const line = value as unknown as ParquetLine;
      if (line.kind === "error") throw line.typed ? revivedError(line.error) : damaged(path, line.error.message);
      if (line.kind === "names") classNames = line.names;
      if (line.kind === "row") yield { ...parseRow(line.json, `${path}:row ${++count}`, HINT), ...named(classNames) };
    }
  } finally {
    clearInterval(clock);
    await lines.return({ exitCode: null, signal: null, stderr: "" });
  }
}

const named = (classNames: ClassNames): Pick<Row, "classNames"> =>
  Object.keys(classNames).length > 0 ? { classNames } : {};

const ending = ({ exitCode, signal, stderr }: ProcessEnd): string =>
  /heap|memory|invalid (array|table|size)/i.test(stderr)
    ? "decoding it took more memory than there is"
    : `decoding it ended with ${signal ?? `exit code ${exitCode}`}`;

const damaged = (path: string, why: string): DataError =>
  new DataError(`cannot read this Parquet file: ${why}`, {
    where: path,
    hint: HINT,
  });

const HINT = "the file may be damaged or cut short; pandas or `datasets` can rewrite it, also as .jsonl.";
