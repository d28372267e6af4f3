import { realpath, rename, rm, symlink } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import type { LinkOptions } from "../contract.ts";
import { orFileError } from "./file-error.ts";
import { readChunks } from "./files.ts";
import { writeChunksAtomic } from "./write.ts";

/**
 * Puts the file `from` at `to` by a relative link, so that the folder above both may move. Where the system or the disk
 * allows no links (Windows without its developer mode, some network disks), the file itself goes there.
 * A link or a file that is at `to` already is replaced, unless it is this one.
 * @throws {FileError} when it cannot be written.
 */
export async function linkFile(from: string, to: string, { mayMove }: LinkOptions): Promise<void> {
  try {
    await symlink(relative(dirname(to), from), to);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST") {
      const [there, here] = await Promise.all([to, from].map((path) => realpath(path).catch(() => undefined)));
      if (there !== undefined && there === here) return;
      await rm(to, { force: true }).catch(orFileError("write", to));
      return linkFile(from, to, { mayMove });
    }
    if (code === "ENOENT" || code === "ENOSPC" || code === "EROFS") await orFileError("write", to)(cause);
    else if (mayMove) await rename(from, to).catch(orFileError("write", to));
    else await writeChunksAtomic(to, readChunks(from), "incomplete");
  }
}

/**
 * True when a file or folder lies in one of these folders, whatever links lead to either. False when it is not there.
 */
export async function liesIn(path: string, folders: readonly string[]): Promise<boolean> {
  const real = (name: string): Promise<string | undefined> => realpath(name).catch(() => undefined);
  const [target, ...roots] = await Promise.all([path, ...folders].map(real));
  return roots.some((root) => root !== undefined && target?.startsWith(root + sep));
}
