import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FileError } from "../../errors.ts";
import { nearest } from "../../nearest.ts";

const SHOWN = 8;

/**
 * For `.catch(orFileError("read", path))`: turns a system error about `path` into a `FileError`.
 * Anything else passes as it is, so a failure of whoever feeds a write keeps its own type.
 */
export const orFileError = (verb: "read" | "write" | "remove", path: string) => async (cause: unknown) => {
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (code === "ERR_INVALID_ARG_VALUE" && path.includes("\0")) {
    throw new FileError(`cannot ${verb} ${JSON.stringify(path)}: the path contains a NUL character`, { cause });
  }
  if (!code || !syscall) throw cause;
  if (code === "ENOENT" || code === "ENOTDIR") throw await missing(verb, path, cause);
  const why: Record<string, string> = {
    EISDIR: "it is a folder, not a file",
    EACCES: "permission denied",
    EPERM: "permission denied",
    ENOSPC: "the disk is full",
    EDQUOT: "the disk quota is exceeded",
    EROFS: "the disk is read-only",
    EIO: "the disk reports an input/output error",
    ENAMETOOLONG: "a name in this path is longer than the disk allows",
    ELOOP: "its symbolic links form a loop",
    EEXIST: "a file of that name already exists",
    EMFILE: "this process has too many files open",
    ENFILE: "the system has too many files open",
    EBUSY: "another program is using it",
    EFBIG: "the file is larger than the file system or the process limits allow",
  };
  throw new FileError(`cannot ${verb} ${path}: ${why[code] ?? (cause as Error).message}`, { cause });
};

/** Says which part of the path is not there, and what stands in its place. */
async function missing(verb: string, path: string, cause: unknown): Promise<FileError> {
  let [gone, siblings] = [path, await names(dirname(path))];
  while (!siblings && dirname(gone) !== gone) {
    gone = dirname(gone);
    siblings = await names(dirname(gone));
  }
  const folder = dirname(gone);
  const above = await fileAbove(path);
  if (above !== undefined) return new FileError(`cannot ${verb} ${path}: ${above} is a file, not a folder`, { cause });
  if (verb === "write" && gone === path && siblings) {
    return new FileError(`cannot write ${path}: no files can be created in ${folder}`, { cause });
  }
  const what = gone === path ? "no such file" : `the folder ${gone} does not exist`;
  const near = nearest(basename(gone), siblings ?? []);
  const listed = [...(siblings ?? [])].sort().slice(0, SHOWN).join(", ");
  const more = (siblings?.length ?? 0) > SHOWN ? ", …" : "";
  const hint = near ? `did you mean ${join(folder, near)}?` : listed ? `${folder} holds: ${listed}${more}` : undefined;
  return new FileError(`cannot ${verb} ${path}: ${what}`, { ...(hint && { hint }), cause });
}

/** The part of a path above its last name that is no folder. */
async function fileAbove(path: string): Promise<string | undefined> {
  for (let above = dirname(path); dirname(above) !== above; above = dirname(above)) {
    const found = await stat(above).catch(() => undefined);
    if (found) return found.isDirectory() ? undefined : above;
  }
  return undefined;
}

const names = (folder: string): Promise<string[] | undefined> => readdir(folder).catch(() => undefined);
