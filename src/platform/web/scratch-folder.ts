import type { ScratchFolder } from "../contract.ts";
import { folderAt, listFolder, makeFolder, removeFolder } from "./files.ts";
import { isLocked, lockFolder } from "./locks.ts";

/** Folder of the scratch folders. */
const ABOVE = "/.lowrank-scratch";

/**
 * Makes a folder for files of this page alone. Its lock ends with the page; a folder without one was left by a page that was closed,
 * and is removed.
 */
export async function openScratchFolder(): Promise<ScratchFolder> {
  const path = `${ABOVE}/${crypto.randomUUID()}`;
  const lock = await lockFolder(path);
  await makeFolder(path);
  for (const name of (await folderAt(ABOVE)) ? await listFolder(ABOVE) : [])
    if (!(await isLocked(`${ABOVE}/${name}`))) await removeFolder(`${ABOVE}/${name}`);
  return {
    path,
    async remove() {
      await removeFolder(path);
      await lock.release();
    },
  };
}
