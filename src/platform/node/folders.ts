import { randomUUID } from "node:crypto";
import { open, readdir, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { orFileError } from "./file-error.ts";
import { listFiles, makeFolder } from "./files.ts";

/** Ending of a folder that is still being written. A process that dies leaves it; nothing ever reads it. */
const STAGING = ".incomplete";
/** Ending of a folder that is about to be replaced. It is whole, and comes back if its replacement never arrived. */
const REPLACED = ".replaced";

/** Errors of systems and disks that cannot flush a folder: there is nothing more to be done there. */
const CANNOT_FLUSH = ["EINVAL", "EISDIR", "EPERM", "EACCES", "ENOTSUP"];

/**
 * Writes a folder so that it is there whole or not at all: `write` fills a new folder beside it, every file and the folder
 * itself are flushed to the disk, and only then does it get its name. A folder of that name is replaced.
 * @throws {FileError} when the disk refuses; whatever `write` throws. Nothing of the new folder is left then.
 */
export async function writeFolderAtomic(path: string, write: (staging: string) => Promise<void>): Promise<void> {
  await staged(path, write, async (staging) => {
    const earlier = `${path}.${randomUUID()}${REPLACED}`;
    const replaces = await rename(path, earlier).then(
      () => true,
      (cause: NodeJS.ErrnoException) => (cause.code === "ENOENT" ? false : orFileError("write", path)(cause)),
    );
    await rename(staging, path).catch(orFileError("write", path));
    await flushEntry(dirname(path));
    if (replaces) await rm(earlier, { recursive: true, force: true }).catch(orFileError("remove", earlier));
  });
}

/**
 * Writes a set of files into a folder that holds others: `write` fills a folder beside them, all of it is flushed, and then
 * the files are moved in one by one, in the order of their names but for `last`, which completes the set.
 * @throws {FileError} as `writeFolderAtomic` does.
 */
export async function writeFilesTogether(
  folder: string,
  last: string,
  write: (staging: string) => Promise<void>,
): Promise<void> {
  await makeFolder(folder);
  await staged(join(folder, "model"), write, async (staging) => {
    await rm(join(folder, last), { force: true }).catch(orFileError("remove", join(folder, last)));
    const names = (await listFiles(staging)).sort(
      (a, b) => Number(a === last) - Number(b === last) || (a < b ? -1 : 1),
    );
    for (const name of names) {
      if (name.includes("/")) await makeFolder(dirname(join(folder, name)));
      await rename(join(staging, name), join(folder, name)).catch(orFileError("write", join(folder, name)));
    }
    await rm(staging, { recursive: true, force: true });
    await flushEntry(folder);
  });
}

/**
 * Removes a folder that readers must never see in part: it loses its name first. What a process that dies here leaves is
 * swept away by {@link sweepStaging}. Content when it is not there.
 * @throws {FileError} when the disk refuses.
 */
export async function removeFolderAtomic(path: string): Promise<void> {
  const nameless = `${path}.${randomUUID()}${STAGING}`;
  const isThere = await rename(path, nameless).then(
    () => true,
    (cause: NodeJS.ErrnoException) => (cause.code === "ENOENT" ? false : orFileError("remove", path)(cause)),
  );
  if (isThere) await rm(nameless, { recursive: true, force: true }).catch(orFileError("remove", path));
}

async function staged(
  path: string,
  write: (staging: string) => Promise<void>,
  publish: (staging: string) => Promise<void>,
): Promise<void> {
  const staging = `${path}.${randomUUID()}${STAGING}`;
  try {
    await makeFolder(staging);
    await write(staging);
    const names = await listFiles(staging);
    const folders = names.flatMap((name) => (name.includes("/") ? dirname(name) : []));
    for (const name of [...names, ...new Set(folders)]) await flushEntry(join(staging, name));
    await flushEntry(staging);
    await publish(staging);
  } catch (cause) {
    await rm(staging, { recursive: true, force: true }).catch(() => {});
    throw cause;
  }
}

/** Flushes a file or folder to the disk. */
async function flushEntry(path: string): Promise<void> {
  const handle = await open(path, "r").catch((cause: NodeJS.ErrnoException) =>
    CANNOT_FLUSH.includes(String(cause.code)) ? undefined : orFileError("write", path)(cause),
  );
  try {
    await handle?.sync();
  } catch (cause) {
    if (!CANNOT_FLUSH.includes(String((cause as NodeJS.ErrnoException).code))) await orFileError("write", path)(cause);
  } finally {
    await handle?.close();
  }
}

/**
 * Tidies up what a process left in `folder` that died while it wrote there: unfinished folders and files go, and one that was to be
 * replaced by a folder that never came gets its name back. Call it only while no other process writes there.
 */
export async function sweepStaging(folder: string): Promise<void> {
  const names = new Set(await readdir(folder).catch(() => []));
  for (const name of names) {
    const [, original = "", ending] = /^(.+)\.[0-9a-f-]{36}(\.incomplete|\.replaced|\.tmp)$/.exec(name) ?? [];
    if (ending === undefined) continue;
    if (ending === REPLACED && !names.has(original)) await rename(join(folder, name), join(folder, original));
    else await rm(join(folder, name), { recursive: true, force: true });
  }
}

/**
 * A path as the system knows it: absolute, links followed as far as there is anything.
 * Two spellings of one place become the same text, also of a folder that is not there yet.
 */
export async function canonicalPath(path: string): Promise<string> {
  const whole = resolve(path);
  const parent = dirname(whole);
  return realpath(whole).catch(async () =>
    parent === whole ? whole : join(await canonicalPath(parent), basename(whole)),
  );
}
