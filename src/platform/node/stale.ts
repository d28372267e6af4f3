import { readdir, rm, stat } from "node:fs/promises";

/** A random name in front of the ending, as `writeChunksAtomic` gives it; other programs have names of their own. */
const OWN = /\.[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\.(\w+)$/;

/**
 * Removes what killed processes left behind in a folder: files of `writeChunksAtomic` that were never completed.
 * Content when they cannot be removed.
 * @param ending As `writeChunksAtomic` was given it.
 * @param ageMs Milliseconds since their last byte; younger ones may still be written.
 */
export async function removeStale(folder: string, ending: string, ageMs: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (OWN.exec(name)?.[2] !== ending) continue;
    const path = `${folder}/${name}`;
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > ageMs) await rm(path, { force: true }).catch(() => {});
  }
}
