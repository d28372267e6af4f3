import { randomUUID } from "node:crypto";
import { appendFile, open, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import type { LineWriter } from "../contract.ts";
import { orFileError } from "./file-error.ts";

/**
 * Writes a text file whole or not at all: a reader, or a crash, sees the old content or the new.
 * @throws {FileError} when its folder is missing or cannot be written.
 */
export const writeTextAtomic = (path: string, text: string): Promise<void> =>
  writeBytesAtomic(path, new TextEncoder().encode(text));

/** `writeTextAtomic` for bytes of any length. */
export const writeBytesAtomic = (path: string, bytes: Uint8Array): Promise<void> => writeChunksAtomic(path, [bytes]);

/**
 * Writes chunks one after the other, whole or not at all; holds no more than one of them.
 * An error of the iterable passes through, and leaves the file as it was. A file that is replaced keeps its mode, so that a
 * private one stays private; a new one has the user's umask.
 * @param ending Of the name that the bytes have until they are all there.
 * @throws {FileError} as `writeTextAtomic` does.
 */
export async function writeChunksAtomic(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ending = "tmp",
): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const temporary = `${target}.${randomUUID()}.${ending}`;
  const replaced = await stat(target).catch(() => undefined);
  try {
    const handle = await open(temporary, "wx");
    try {
      if (replaced) await handle.chmod(replaced.mode & 0o777);
      await writeFile(handle, chunks);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    await orFileError("write", path)(cause);
  }
}

/**
 * Opens a file for adding lines, making it when it is not there.
 * @throws {FileError} when its folder is missing or cannot be written.
 */
export async function openAppend(path: string): Promise<LineWriter> {
  const handle = await open(path, "a").catch(orFileError("write", path));
  let last: Promise<void> = Promise.resolve();
  return {
    append(text) {
      last = last.then(() => handle.appendFile(`${text}\n`)).catch(orFileError("write", path));
      return last;
    },
    close: () => last.finally(() => handle.close()),
  };
}

/**
 * Adds bytes to the end of a file, making it when it is not there.
 * @throws {FileError} when its folder is missing or cannot be written.
 */
export const appendBytes = (path: string, bytes: Uint8Array): Promise<void> =>
  appendFile(path, bytes).catch(orFileError("write", path));
