import { DataError } from "../errors.ts";
import { readBytes } from "../platform/node.ts";

/**
 * A whole data file; what is inside when its name ends in `.gz`.
 * @throws {DataError} when the gzip data is damaged or cut off.
 */
export async function unpackBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBytes(path);
  if (!path.toLowerCase().endsWith(".gz")) return bytes;
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    const hint = "gzip -t checks a file; it may have been cut off while it was copied.";
    throw new DataError("the gzip data is damaged or cut off", { where: path, hint, cause });
  }
}

/**
 * A whole data file as text, unpacked, without its byte order mark.
 * @throws {DataError} when it is not UTF-8.
 */
export async function unpackText(path: string): Promise<string> {
  const bytes = await unpackBytes(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DataError("this file is not UTF-8 text", { where: path, cause });
  }
}
