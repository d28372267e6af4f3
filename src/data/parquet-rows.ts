import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { LINE_BYTES, openFile } from "#platform";
import { classNamesIn } from "./parquet-classes.ts";
import { columnsOf, RAW_PARSERS, rawDecimals, rowJson } from "./parquet-json.ts";
import type { ClassNames } from "./row.ts";
import { unpackBytes } from "./unpack.ts";

/** Rows of one group, which is decoded as a whole. Writers make groups of 10^5 to 10^6 rows. */
const MAX_GROUP_ROWS = 2 ** 24;

/** Bytes of one page, unpacked. Writers make pages of 1 MiB; one value may be larger. */
const MAX_PAGE_BYTES = 2 ** 28;

/** Elements of the schema: columns, and what they are made of. */
const MAX_SCHEMA = 16_384;

/** Deepest nesting of a column. Lists and structs of real data reach about 20. */
const MAX_DEPTH = 100;

/** Contents of a file as they are decoded. */
export interface ParquetListener {
  /** Called before anything is decoded, with the size of the file, unpacked. */
  onOpen?(bytes: number): void;
  /** Called before a row group is decoded, with its number of rows times columns. */
  onGroup?(cells: number): void;
  /** Called before the first row. */
  onNames?(names: ClassNames): void;
  /** Called after each page that was decoded. */
  onPage?: () => void;
}

/**
 * The rows of a Parquet file, one row group at a time, as the text of JSON: see {@link rowJson}.
 *
 * Damaged data can make the decoder loop, fill the memory or end the process: runs in a process of its own.
 * @throws {Error} when the file is not Parquet, is damaged, or claims what no real file has.
 */
export async function* parquetRows(path: string, listener: ParquetListener): AsyncGenerator<string> {
  const { file, close } = await openBuffer(path);
  try {
    listener.onOpen?.(file.byteLength);
    const footer = await parquetMetadataAsync(file);
    check(footer, file.byteLength);
    const metadata = { ...footer, schema: rawDecimals(footer.schema) };
    const columns = columnsOf(parquetSchema(metadata));
    listener.onNames?.(classNamesIn(metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value));
    let rowStart = 0;
    for (const { num_rows, columns: chunks } of metadata.row_groups) {
      const rowEnd = rowStart + Number(num_rows);
      listener.onGroup?.(Number(num_rows) * chunks.length);
      const objects = await parquetReadObjects({
        ...{ file, metadata, compressors: BOUNDED, parsers: RAW_PARSERS, rowStart, rowEnd },
        ...(listener.onPage && { onPage: listener.onPage }),
      });
      for (const row of objects) yield rowJson(row, columns);
      rowStart = rowEnd;
    }
  } finally {
    await close();
  }
}

/** The longest row, in characters of JSON. */
export const MAX_ROW = LINE_BYTES;

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

type Compressors = typeof compressors;

/** The decompressors, each of which refuses a page of a size that no writer makes before it allocates for it. */
const BOUNDED = Object.fromEntries(
  Object.entries(compressors).map(([name, decompress]) => [
    name,
    (input: Uint8Array, outputLength: number) => {
      if (outputLength >= 0 && outputLength <= MAX_PAGE_BYTES) return decompress(input, outputLength);
      throw new RangeError(`a page claims ${outputLength} bytes`);
    },
  ]),
) as Compressors;

/** Compares what the footer claims with the file's size and with what real files have. @throws {RangeError} */
function check({ schema, row_groups, num_rows }: FileMetaData, fileBytes: number): void {
  if (schema.length > MAX_SCHEMA) throw new RangeError(`its schema has ${schema.length} elements`);
  const open: number[] = [];
  for (const { num_children = 0 } of schema) {
    while (open.at(-1) === 0) open.pop();
    if (open.length > 0) open[open.length - 1]!--;
    open.push(num_children);
    if (open.length > MAX_DEPTH) throw new RangeError(`its schema is nested more than ${MAX_DEPTH} levels deep`);
  }
  let rows = 0;
  for (const group of row_groups) {
    const count = Number(group.num_rows);
    if (!(count >= 0 && count <= MAX_GROUP_ROWS)) throw new RangeError(`a row group claims ${count} rows`);
    for (const { meta_data } of group.columns) {
      const bytes = Number(meta_data?.total_compressed_size ?? 0);
      if (!(bytes >= 0 && bytes <= fileBytes)) throw new RangeError(`a column claims ${bytes} bytes of ${fileBytes}`);
    }
    rows += count;
  }
  if (rows !== Number(num_rows))
    throw new RangeError(`its footer claims ${num_rows} rows, but its row groups have ${rows}`);
}
