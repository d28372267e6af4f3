import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, relative, resolve } from "node:path";
import { FileError } from "../../errors.ts";
import type { OpenFile } from "../contract.ts";
import { fileLister } from "../file-lister.ts";
import { notUtf8 } from "../not-text.ts";
import { orFileError } from "./file-error.ts";
import { regularFile } from "./file-kind.ts";
import { writeChunksAtomic } from "./write.ts";

/** Longest single read: the system call takes less than 2 GiB. */
const READ_BYTES = 2 ** 30;

/** True when there is a file or folder at `path`. */
export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** True when there is a folder at `path`. */
export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** Bytes of the file at `path`; undefined when there is none. */
export const fileSize = (path: string): Promise<number | undefined> =>
  stat(path).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  );

/** The folder that a path lies in. */
export const parentFolder = (path: string): string => dirname(path);

/** The way from a folder to a path: empty when they are the same, beginning with `..` when it is not inside. */
export const relativePath = (folder: string, path: string): string => relative(folder, path);

/** The last part of a path. */
export const fileName = (path: string): string => basename(path);

/**
 * Names (not paths) in a folder, sorted.
 * @throws {FileError} when it is not there or not a folder.
 */
export const listFolder = (path: string): Promise<string[]> =>
  readdir(path).then((names) => names.sort(), orFileError("read", path));

/**
 * Files of a folder and of the folders in it, as paths from it.
 * @throws {FileError} when it is not there or not a folder.
 */
export const listFiles = fileLister({ listFolder, isFolder });

/**
 * Opens a file for reading at any offset.
 * @throws {FileError} when it is missing, not readable, or no regular file; names the nearest file there is.
 */
export async function openFile(path: string): Promise<OpenFile> {
  await regularFile(path);
  const handle = await open(path, "r").catch(orFileError("read", path));
  const { size } = await handle.stat();
  return {
    path,
    size,
    async read(offset, length) {
      if (offset + length > size) throw tooShort(path, offset, length, size);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const wanted = Math.min(length - done, READ_BYTES);
        const { bytesRead } = await handle.read(bytes, done, wanted, offset + done).catch(orFileError("read", path));
        if (bytesRead === 0) throw tooShort(path, offset, length, offset + done);
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

const tooShort = (path: string, offset: number, length: number, size: number) =>
  new FileError(`${path} is too short: bytes ${offset} to ${offset + length} were requested, but it has ${size}`);

/**
 * A whole file, in a buffer of its own.
 * @throws {FileError} as `openFile` does.
 */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = await openFile(path);
  try {
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

/**
 * A whole text file, without its byte order mark.
 * @throws {FileError} as `openFile` does, and when it is not UTF-8.
 */
export async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw notUtf8(path, 1, bytes, cause);
  }
}

/**
 * The bytes of a file, piece by piece.
 * @throws {FileError} when it cannot be read.
 */
export async function* readChunks(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(path);
  } catch (cause) {
    await orFileError("read", path)(cause);
  }
}

/**
 * Makes a folder and those above it; content when it is there already.
 * @throws {FileError} when a part of the path is a file, or the system takes no folders there. Node's own recursive
 *   `mkdir` never returns where that is `/proc`.
 */
export async function makeFolder(path: string): Promise<void> {
  const whole = resolve(path);
  const attempt = (): Promise<void> =>
    mkdir(whole).catch(async (cause: NodeJS.ErrnoException) => {
      if (!(await isFolder(whole))) throw cause;
    });
  try {
    await attempt();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") return orFileError("write", path)(cause);
    // the folder above is missing, or was, until another call made it
    if (!(await exists(dirname(whole)))) await makeFolder(dirname(whole));
    await attempt().catch(orFileError("write", path));
  }
}

/** Removes a folder and all it holds; content when it is not there. */
export const removeFolder = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true }).catch(orFileError("remove", path));

/**
 * Copies one file, replacing the target, whole or not at all. The copy is a new file, with the user's umask: a source that
 * is read-only, executable or a link makes no copy that is.
 * @throws {FileError} naming the source when it is missing, otherwise the target.
 */
export const copyFile = (from: string, to: string): Promise<void> => writeChunksAtomic(to, readChunks(from));
