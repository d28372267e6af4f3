import { DataError } from "../errors.ts";
import { readBytes } from "../platform/node.ts";

/**
 * The whole inside of a gzipped data file.
 * @throws {DataError} when the gzip data is damaged or cut off.
 */
export async function unpackBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBytes(path);
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    const hint = "gzip -t checks a file; it may have been cut off while it was copied.";
    throw new DataError("the gzip data is damaged or cut off", { where: path, hint, cause });
  }
}
