import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { DataError } from "../errors.ts";
import type { Row } from "./row.ts";
import { unpackBytes } from "./unpack.ts";

/**
 * Reads a Parquet file in any of its compressions. 64-bit integers become numbers; Parquet has no lines, so a row's
 * place is its number, from 1.
 * @throws {DataError} when the file is not Parquet or is damaged.
 */
export async function readParquet(path: string): Promise<Row[]> {
  const bytes = await unpackBytes(path);
  const file = {
    byteLength: bytes.byteLength,
    slice: (start: number, end?: number) => bytes.slice(start, end).buffer as ArrayBuffer,
  };
  try {
    const objects = await parquetReadObjects({ file, compressors });
    return objects.map((values, i) => ({ values: plain(values) as Row["values"], where: `${path}:row ${i + 1}` }));
  } catch (cause) {
    throw new DataError(`cannot read this Parquet file: ${(cause as Error).message}`, {
      where: path,
      hint: "the file may be damaged or cut short; pandas or `datasets` can rewrite it, also as .jsonl.",
      cause,
    });
  }
}

/** JSON's types: bigints as numbers, all the way down. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object" || value instanceof Date || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
