import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ScratchFolder } from "../contract.ts";
import { orFileError } from "./file-error.ts";
import { removeFolder } from "./files.ts";

/** Folders that are not removed yet. */
const open = new Set<string>();

function removeAll(): void {
  for (const path of open) rmSync(path, { recursive: true, force: true });
}

/**
 * Makes a folder for files of this process alone, in the system's folder for temporary files.
 * @throws {FileError} when no folder can be made there.
 */
export async function openScratchFolder(): Promise<ScratchFolder> {
  const path = await mkdtemp(join(tmpdir(), "lowrank-")).catch(orFileError("write", tmpdir()));
  if (open.size === 0) process.once("exit", removeAll);
  open.add(path);
  return {
    path,
    async remove() {
      await removeFolder(path);
      open.delete(path);
      if (open.size === 0) process.off("exit", removeAll);
    },
  };
}
