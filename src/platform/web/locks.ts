import { FileError } from "../../errors.ts";
import type { FolderLock } from "../contract.ts";

/** Milliseconds for which a lock is waited for: Chromium lets a worker that computes live for two seconds after its page was closed. */
const DYING_MS = 5000;

/** A lock that this thread holds. */
interface Held {
  readonly name: string;
  release(): void;
}

const nameOf = (folder: string): string => `lowrank:${folder}`;
const held = new Map<string, Held>();

const refusal = (folder: string): FileError =>
  new FileError(`another run is writing into ${folder}`, {
    where: "output_dir",
    expected: "a folder that no other run is writing into",
    hint: "it may be a run in another tab: wait for it, or use another output_dir.",
  });

/**
 * Takes the lock of a folder among the pages of this origin. It ends with the page; that of a page which is just ending is waited for.
 * @throws {FileError} when a run holds it.
 */
export async function lockFolder(folder: string, token: string = crypto.randomUUID()): Promise<FolderLock> {
  await new Promise<void>((resolve, reject) => {
    const hold = (): Promise<void> =>
      new Promise<void>((release) => {
        held.set(token, { name: nameOf(folder), release });
        resolve();
      });
    requested(folder, hold).catch(reject);
  });
  return { release: () => releaseFolder(folder, token) };
}

/** Looks whether a folder can be locked. @throws {FileError} as `lockFolder` does. */
export const checkUnlocked = (folder: string): Promise<void> => requested(folder, async () => {});

/** True when a page, or another worker of this one, holds the lock of a folder now. */
export async function isLocked(folder: string): Promise<boolean> {
  const { held: locks = [] } = await navigator.locks.query();
  return locks.some(({ name }) => name === nameOf(folder));
}

async function requested(folder: string, hold: () => Promise<void>): Promise<void> {
  const name = nameOf(folder);
  if ([...held.values()].some((own) => own.name === name)) throw refusal(folder);
  await navigator.locks.request(name, { signal: AbortSignal.timeout(DYING_MS) }, hold).catch((cause: Error) => {
    throw cause.name === "TimeoutError" ? refusal(folder) : cause;
  });
}

/** Releases the lock of that name, if this thread holds it. */
export async function releaseFolder(_folder: string, token: string): Promise<void> {
  held.get(token)?.release();
  held.delete(token);
}
