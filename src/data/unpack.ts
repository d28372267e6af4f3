import { readBytes } from "#platform";
import { DataError } from "../errors.ts";

/** Most bytes that a file may unpack to as a whole: what memory should hold of one file. */
const MAX_BYTES = 2 ** 30;

/** Most bytes for each packed one, beyond the first `FREE_BYTES`. Data is packed 2 to 20 times; gzip's limit is about 1000. */
const MAX_RATIO = 100;
const FREE_BYTES = 2 ** 26;

/**
 * The whole inside of a gzipped data file.
 * @throws {DataError} when the gzip data is damaged or cut off, or unpacks to more than real data does.
 */
export async function unpackBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const packed = await readBytes(path);
  const limit = Math.min(MAX_BYTES, Math.max(FREE_BYTES, MAX_RATIO * packed.length));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    for await (const part of new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))) {
      size += part.length;
      if (size > limit) break;
      parts.push(part);
    }
  } catch (cause) {
    const hint = "the file may have been truncated while copying; gzip -t checks it.";
    throw new DataError("the gzip data is damaged or truncated", { where: path, hint, cause });
  }
  if (size <= limit) return new Uint8Array(await new Blob(parts).arrayBuffer());
  throw new DataError(`the gzip data of ${packed.length} bytes decompresses to more than ${limit} bytes`, {
    where: path,
    hint: "if that is right, decompress the file yourself; Parquet files are already compressed inside.",
  });
}
