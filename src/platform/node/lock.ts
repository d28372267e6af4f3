import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { FileError } from "../../errors.ts";
import type { FolderLock } from "../contract.ts";
import { orFileError } from "./file-error.ts";

/** Name of the file that says who writes into a folder. */
const LOCK = ".lowrank.lock";

/** Milliseconds between two signs of life, and how long without one a lock of another machine counts as held. */
const SIGN_OF_LIFE = 30_000;
const HELD_FOR = 10 * SIGN_OF_LIFE;

interface Holder {
  readonly host: string;
  readonly pid: number;
  /** Start time of the process, in the system's own terms; `undefined` where it does not tell. */
  readonly began?: string;
  readonly token: string;
}

/**
 * Takes the lock of a folder, which must exist. A lock whose process is dead does not count: it is taken over.
 *
 * Processes are told apart by host, id and start, so an id that was given out again is not taken for the old process. A
 * lock of another machine, whose processes cannot be looked up, counts until it has shown no sign of life for five minutes.
 * @param token Name of the lock, by which {@link releaseFolder} finds it.
 * @throws {FileError} when a living process holds it.
 */
export async function lockFolder(folder: string, token: string = randomUUID()): Promise<FolderLock> {
  const path = join(folder, LOCK);
  const began = processStart(process.pid);
  const own: Holder = { host: hostname(), pid: process.pid, ...(began !== undefined && { began }), token };
  const mine = `${path}.${randomUUID()}.tmp`;
  await writeFile(mine, JSON.stringify(own), { flag: "wx" }).catch(orFileError("write", path));
  try {
    while (!(await linked(mine, path))) await refuseOrRemove(folder, path);
  } finally {
    await rm(mine, { force: true }).catch(() => {});
  }
  const timer = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), SIGN_OF_LIFE).unref();
  return {
    async release() {
      clearInterval(timer);
      await releaseFolder(folder, token);
    },
  };
}

/**
 * Looks whether a folder could be locked now, without locking it.
 * @throws {FileError} as `lockFolder` does.
 */
export async function checkUnlocked(folder: string): Promise<void> {
  const path = join(folder, LOCK);
  const holder = await holderOf(path);
  if (holder && (await isHeld(holder, path))) throw lock(folder, path, holder);
}

/** Releases the lock of that name, if it is still there: also that of a thread of this process that ended without doing so. */
export async function releaseFolder(folder: string, token: string): Promise<void> {
  const path = join(folder, LOCK);
  if ((await holderOf(path))?.token === token) await rm(path, { force: true }).catch(() => {});
}

/** Makes `path` a second name of the file `mine`, which fails where there is one already. */
async function linked(mine: string, path: string): Promise<boolean> {
  try {
    await link(mine, path);
    return true;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") await orFileError("write", path)(cause);
  }
  try {
    await writeFile(path, await readFile(mine), { flag: "wx" }); // a disk without hard links
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    return orFileError("write", path)(cause);
  }
}

/** Puts a dead process's lock out of the way. What was moved is looked at again: another process may have been faster. */
async function refuseOrRemove(folder: string, path: string): Promise<void> {
  const holder = await holderOf(path);
  if (!holder) return void (await rm(path, { force: true }));
  if (await isHeld(holder, path)) throw lock(folder, path, holder);
  const aside = `${path}.${randomUUID()}.tmp`;
  await rename(path, aside).catch(() => {});
  const moved = await holderOf(aside);
  if (moved && moved.token !== holder.token) await link(aside, path).catch(() => {});
  await rm(aside, { force: true }).catch(() => {});
}

/** Holder of a lock; `undefined` without one, or when the file says nothing that can be read. */
async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, "utf8")) as Holder;
    return typeof holder?.pid === "number" && typeof holder.token === "string" ? holder : undefined;
  } catch {
    return undefined;
  }
}

async function isHeld({ host, pid, began }: Holder, path: string): Promise<boolean> {
  if (host !== hostname()) {
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => Number.POSITIVE_INFINITY,
    );
    return age < HELD_FOR;
  }
  const now = processStart(pid);
  if (now !== undefined || began !== undefined) return now === began;
  try {
    return process.kill(pid, 0);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Boot of the machine and the clock ticks from it to the start of a process; `undefined` of a dead one, or not on Linux. */
function processStart(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" "); // the name before may hold anything
    return fields[0] === "Z" ? undefined : `${boot} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

const lock = (folder: string, path: string, { host, pid }: Holder): FileError =>
  new FileError(`another run is writing into ${folder}: process ${pid} on ${host}`, {
    where: "output_dir",
    expected: "a folder that no other run is writing into",
    hint: `wait for that run, or use another output_dir. If that process is not a run of lowrank, delete ${path}.`,
  });
