import { copyFile, rename, rm, symlink } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { orFileError } from "./file-error.ts";

/** How a file is put in a second place. */
export interface LinkOptions {
  /** Where links are not permitted: whether the file may move to `to`, instead of being copied. */
  readonly mayMove: boolean;
}

/**
 * Puts the file `from` at `to` by a relative link, so that the folder above both may move. Where the system or the disk
 * allows no links (Windows without its developer mode, some network disks), the file itself goes there.
 * Content when `to` is there already.
 * @throws {FileError} when it cannot be written.
 */
export async function linkFile(from: string, to: string, { mayMove }: LinkOptions): Promise<void> {
  try {
    await symlink(relative(dirname(to), from), to);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code === "ENOENT" || code === "ENOSPC" || code === "EROFS") await orFileError("write", to)(cause);
    else if (mayMove) await rename(from, to).catch(orFileError("write", to));
    else await copyWhole(from, to);
  }
}

/** A copy that is there whole or not at all. */
async function copyWhole(from: string, to: string): Promise<void> {
  const partial = `${to}.${process.pid}.incomplete`;
  try {
    await copyFile(from, partial);
    await rename(partial, to);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {});
    await orFileError("write", to)(cause);
  }
}
