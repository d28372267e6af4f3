import { FileError } from "../../errors.ts";
import type { FolderLock } from "../contract.ts";

const nameOf = (folder: string): string => `lowrank:${folder}`;
const held = new Map<string, () => void>();

const refusal = (folder: string): FileError =>
  new FileError(`another run is writing into ${folder}`, {
    where: "output_dir",
    expected: "a folder that no other run is writing into",
    hint: "it may be a run in another tab: wait for it, or use another output_dir.",
  });

/**
 * Takes the lock of a folder among the pages of this origin. It ends with the page.
 * @throws {FileError} when a run holds it.
 */
export async function lockFolder(folder: string, token: string = crypto.randomUUID()): Promise<FolderLock> {
  await new Promise<void>((resolve, reject) => {
    const hold = (lock: Lock | null): Promise<void> | undefined => {
      if (!lock) {
        reject(refusal(folder));
        return undefined;
      }
      return new Promise<void>((release) => {
        held.set(token, release);
        resolve();
      });
    };
    navigator.locks.request(nameOf(folder), { ifAvailable: true }, hold).catch(reject);
  });
  return { release: () => releaseFolder(folder, token) };
}

/** Looks whether a folder could be locked now. @throws {FileError} as `lockFolder` does. */
export async function checkUnlocked(folder: string): Promise<void> {
  const { held: locks = [] } = await navigator.locks.query();
  if (locks.some(({ name }) => name === nameOf(folder))) throw refusal(folder);
}

/** Releases the lock of that name, if this thread holds it. */
export async function releaseFolder(_folder: string, token: string): Promise<void> {
  held.get(token)?.();
  held.delete(token);
}
