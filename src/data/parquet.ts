import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { DataError } from "../errors.ts";
import { openFile } from "../platform/node.ts";
import type { Row } from "./row.ts";
import { unpackBytes } from "./unpack.ts";

/**
 * Reads a Parquet file in any of its compressions, one row group at a time; of a `.gz` all is unpacked first. 64-bit
 * integers become numbers; Parquet has no lines, so a row's place is its number, from 1.
 * @throws {DataError} when the file is not Parquet or is damaged.
 */
export async function* readParquet(path: string): AsyncGenerator<Row> {
  const { file, close } = await openBuffer(path);
  try {
    const metadata = await parquetMetadataAsync(file);
    let rowStart = 0;
    for (const { num_rows } of metadata.row_groups) {
      const rowEnd = rowStart + Number(num_rows);
      const objects = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
      for (const values of objects) {
        yield { values: plain(values) as Row["values"], where: `${path}:row ${++rowStart}` };
      }
    }
  } catch (cause) {
    throw new DataError(`cannot read this Parquet file: ${(cause as Error).message}`, {
      where: path,
      hint: "the file may be damaged or cut short; pandas or `datasets` can rewrite it, also as .jsonl.",
      cause,
    });
  } finally {
    await close();
  }
}

async function openBuffer(path: string): Promise<{ file: AsyncBuffer; close: () => Promise<void> }> {
  if (path.toLowerCase().endsWith(".gz")) {
    const bytes = await unpackBytes(path);
    const slice = (start: number, end?: number): ArrayBuffer => bytes.slice(start, end).buffer;
    return { file: { byteLength: bytes.byteLength, slice }, close: async () => {} };
  }
  const opened = await openFile(path);
  const slice = async (start: number, end = opened.size): Promise<ArrayBuffer> =>
    (await opened.read(start, end - start)).buffer;
  return { file: { byteLength: opened.size, slice }, close: () => opened.close() };
}

/** JSON's types: bigints as numbers, all the way down. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object" || value instanceof Date || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
