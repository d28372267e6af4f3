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
