import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { orFileError } from "./file-error.ts";

/**
 * SHA-256 of a file's bytes, 64 lower-case hex digits; the file is never held whole.
 * @throws {FileError} when it cannot be read.
 */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash).catch(orFileError("read", path));
  return hash.digest("hex");
}
