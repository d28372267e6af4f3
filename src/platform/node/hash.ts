import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { Hasher } from "../contract.ts";
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

/** SHA-256 of a text's UTF-8 bytes, 64 lower-case hex digits. */
export const sha256Text = async (text: string): Promise<string> => createHash("sha256").update(text).digest("hex");

/** A hash of bytes that come piece by piece. */
export function openHash(algorithm: "sha256" | "sha1"): Hasher {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    digest: async () => hash.digest("hex"),
  };
}

/** A name that nothing else has. */
export const newId = (): string => randomUUID();
