import { FileError } from "../../errors.ts";
import type { Chunks, LineWriter, ScratchFile } from "../contract.ts";
import { copyFile, fileAt, fileSize, folderAt, listFiles, listFolder, makeFolder, removeFolder } from "./files.ts";
import { fileName, parentFolder } from "./paths.ts";

/** Ending of a folder that is still being written. A page that is closed leaves it; nothing ever reads it. */
const STAGING = ".incomplete";

const failed = (path: string) => (cause: unknown) => {
  throw new FileError(`cannot write ${path}: ${(cause as Error).message}`, {
    hint: "the browser limits a page's storage; navigator.storage.estimate() shows how much is left.",
    cause,
  });
};

/**
 * Writes chunks one after the other, whole or not at all: the browser keeps them apart until the file is closed.
 * @throws {FileError} when its folder is missing, or the page may not store so much.
 */
export async function writeChunksAtomic(path: string, chunks: Chunks, _ending?: string): Promise<void> {
  const handle = await fileAt(path, true).catch(failed(path));
  if (!handle) throw new FileError(`cannot write ${path}: its folder does not exist`);
  const stream = await handle.createWritable();
  try {
    for await (const chunk of chunks) await stream.write(chunk as Uint8Array<ArrayBuffer>).catch(failed(path));
    await stream.close().catch(failed(path));
  } catch (error) {
    await stream.abort().catch(() => {});
    throw error;
  }
}

/** `writeChunksAtomic` for bytes. */
export const writeBytesAtomic = (path: string, bytes: Uint8Array): Promise<void> => writeChunksAtomic(path, [bytes]);

/** `writeChunksAtomic` for a text. */
export const writeTextAtomic = (path: string, text: string): Promise<void> =>
  writeBytesAtomic(path, new TextEncoder().encode(text));

/** Adds bytes to the end of a file, making it when it is not there. */
export async function appendBytes(path: string, bytes: Uint8Array): Promise<void> {
  const position = (await fileSize(path)) ?? 0;
  const handle = await fileAt(path, true).catch(failed(path));
  const stream = await handle?.createWritable({ keepExistingData: true });
  await stream?.write({ type: "write", position, data: bytes as Uint8Array<ArrayBuffer> }).catch(failed(path));
  await stream?.close().catch(failed(path));
}

/** Opens a file for adding lines, making it when it is not there. */
export async function openAppend(path: string): Promise<LineWriter> {
  let last: Promise<void> = appendBytes(path, new Uint8Array());
  return {
    append(text) {
      last = last.then(() => appendBytes(path, new TextEncoder().encode(`${text}\n`)));
      return last;
    },
    close: () => last,
  };
}

/**
 * Writes a folder: `write` fills a new one beside it, whose files are then moved. A folder cannot be renamed here, so that
 * one which lacks files may be left when the page is closed meanwhile; readers of such folders check a manifest.
 */
export async function writeFolderAtomic(path: string, write: (staging: string) => Promise<void>): Promise<void> {
  await staged(path, write, async (staging) => {
    await removeFolder(path);
    await makeFolder(path);
    for (const name of await listFiles(staging)) await moveInto(path, staging, name);
  });
}

/** Writes a set of files into a folder that holds others; `last` completes the set. */
export async function writeFilesTogether(
  folder: string,
  last: string,
  write: (staging: string) => Promise<void>,
): Promise<void> {
  await makeFolder(folder);
  await staged(`${folder}/model`, write, async (staging) => {
    await removeFolder(`${folder}/${last}`);
    const names = (await listFiles(staging)).sort((a, b) => Number(a === last) - Number(b === last));
    for (const name of names) await moveInto(folder, staging, name);
  });
}

/** A file that can be moved: every browser does so in the private file system, though no standard has it yet. */
interface MovableFile extends FileSystemFileHandle {
  move?(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}

/** Moves a file into a folder that is there. @throws {FileError} as `writeChunksAtomic` does. */
export async function moveFile(from: string, to: string): Promise<void> {
  const file: MovableFile | undefined = await fileAt(from);
  const folder = await folderAt(parentFolder(to));
  if (file?.move && folder) return file.move(folder, fileName(to)).catch(failed(to));
  await copyFile(from, to);
  await removeFolder(from);
}

async function moveInto(folder: string, staging: string, name: string): Promise<void> {
  await makeFolder(parentFolder(`${folder}/${name}`));
  await moveFile(`${staging}/${name}`, `${folder}/${name}`);
}

async function staged(
  path: string,
  write: (staging: string) => Promise<void>,
  publish: (staging: string) => Promise<void>,
): Promise<void> {
  const staging = `${path}.${crypto.randomUUID()}${STAGING}`;
  try {
    await makeFolder(staging);
    await write(staging);
    await publish(staging);
  } finally {
    await removeFolder(staging);
  }
}

/** Removes a folder. It cannot lose its name first here; readers of such folders check a manifest. */
export const removeFolderAtomic = removeFolder;

/** Removes what a closed page left unfinished in a folder. */
export async function sweepStaging(folder: string): Promise<void> {
  if (!(await folderAt(folder))) return;
  for (const name of await listFolder(folder)) {
    if (/\.[0-9a-f-]{36}\.incomplete$/.test(name)) await removeFolder(`${folder}/${name}`);
  }
}

/** Nothing: the browser itself drops a file that was not closed. */
export const removeStale = async (_folder: string, _ending: string, _ageMs: number): Promise<void> => {};

/** A scratch file in memory: the browser's synchronous file handles can only be had asynchronously. */
export function openScratch(): ScratchFile {
  let bytes = new Uint8Array(2 ** 20);
  let used = 0;
  return {
    append(more) {
      if (used + more.length > bytes.length) {
        const grown = new Uint8Array(Math.max(2 * bytes.length, used + more.length));
        grown.set(bytes.subarray(0, used));
        bytes = grown;
      }
      bytes.set(more, used);
      used += more.length;
      return used - more.length;
    },
    read: (offset, length) => bytes.slice(offset, offset + length),
    close: () => {
      bytes = new Uint8Array();
    },
  };
}
