import { FileError } from "../../errors.ts";
import type { LinkOptions, OpenFile } from "../contract.ts";
import { fileLister } from "../file-lister.ts";
import { notUtf8 } from "../not-text.ts";
import { partsOf } from "./paths.ts";
import { moveFile, writeChunksAtomic } from "./write.ts";

/** The folder at a path of the origin's private file system; `undefined` when there is none. */
export async function folderAt(path: string, create = false): Promise<FileSystemDirectoryHandle | undefined> {
  let folder = await navigator.storage.getDirectory();
  for (const part of partsOf(path)) {
    const next = await folder.getDirectoryHandle(part, { create }).catch(absent(create));
    if (!next) return undefined;
    folder = next;
  }
  return folder;
}

/** The file at a path; `undefined` when there is none. */
export async function fileAt(path: string, create = false): Promise<FileSystemFileHandle | undefined> {
  const parts = partsOf(path);
  const name = parts.pop();
  const folder = name === undefined ? undefined : await folderAt(parts.join("/"));
  return name === undefined ? undefined : folder?.getFileHandle(name, { create }).catch(absent(create));
}

const absent = (create: boolean) => (cause: unknown) => {
  if (create || !["NotFoundError", "TypeMismatchError"].includes((cause as Error).name)) throw cause;
  return undefined;
};

/** True when there is a folder at `path`. */
export const isFolder = async (path: string): Promise<boolean> => (await folderAt(path)) !== undefined;

/** True when there is a file or folder at `path`. */
export const exists = async (path: string): Promise<boolean> =>
  (await fileAt(path)) !== undefined || (await isFolder(path));

/** Bytes of the file at `path`; `undefined` when there is none. */
export const fileSize = async (path: string): Promise<number | undefined> =>
  (await (await fileAt(path))?.getFile())?.size;

/**
 * Names in a folder, sorted.
 * @throws {FileError} when it is not there.
 */
export async function listFolder(path: string): Promise<string[]> {
  const folder = await folderAt(path);
  if (!folder) throw new FileError(`cannot read ${path}: no such folder`);
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  return names.sort();
}

/**
 * Files of a folder and of the folders in it, as paths from it.
 * @throws {FileError} when it is not there.
 */
export const listFiles = fileLister({ listFolder, isFolder });

/**
 * Makes a folder and those above it; content when it is there already.
 * @throws {FileError} when a part of the path is a file.
 */
export async function makeFolder(path: string): Promise<void> {
  await folderAt(path, true).catch((cause: unknown) => {
    throw new FileError(`cannot write ${path}: ${(cause as Error).message}`, { cause });
  });
}

/** Removes a file or folder with all it holds; content when it is not there. */
export async function removeFolder(path: string): Promise<void> {
  const parts = partsOf(path);
  const name = parts.pop();
  const folder = name === undefined ? undefined : await folderAt(parts.join("/"));
  if (folder && name !== undefined) await folder.removeEntry(name, { recursive: true }).catch(absent(false));
}

async function blobAt(path: string): Promise<File> {
  const handle = await fileAt(path);
  if (!handle) throw new FileError(`cannot read ${path}: no such file`);
  return handle.getFile();
}

/**
 * Opens a file for reading at any offset.
 * @throws {FileError} when it is missing.
 */
export async function openFile(path: string): Promise<OpenFile> {
  const blob = await blobAt(path);
  return {
    path,
    size: blob.size,
    async read(offset, length) {
      if (offset + length > blob.size) {
        const end = offset + length;
        throw new FileError(`${path} is too short: bytes ${offset} to ${end} were requested, but it has ${blob.size}`);
      }
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    },
    close: async () => {},
  };
}

/** A whole file, in a buffer of its own. @throws {FileError} when it is missing. */
export const readBytes = async (path: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await (await blobAt(path)).arrayBuffer());

/** A whole text file, without its byte order mark. @throws {FileError} when it is missing, or not UTF-8. */
export async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw notUtf8(path, 1, bytes, cause);
  }
}

/** The bytes of a file, piece by piece. @throws {FileError} when it is missing. */
export async function* readChunks(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = (await blobAt(path)).stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** Copies one file, replacing the target, whole or not at all. */
export const copyFile = (from: string, to: string): Promise<void> => writeChunksAtomic(to, readChunks(from));

/** Puts a file in a second place. There are no links here, so that it is moved or copied. */
export async function linkFile(from: string, to: string, { mayMove }: LinkOptions): Promise<void> {
  await (mayMove ? moveFile(from, to) : copyFile(from, to));
}
