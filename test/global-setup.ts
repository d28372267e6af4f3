import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

const marks = globalThis as { isLowrankBuilt?: boolean };

/** A file system in memory: runs flush every file that they save, which takes longest of all in small runs. */
const MEMORY = "/dev/shm";
const ROOM = 2 ** 31;

/** Commands and the training worker are tested as they ship: compiled, once for all projects of a run. */
export default function setup(): (() => void) | undefined {
  if (marks.isLowrankBuilt) return undefined;
  execFileSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
  marks.isLowrankBuilt = true;
  if (process.env.TMPDIR !== undefined || !isRoomy()) return undefined;
  const folder = mkdtempSync(join(MEMORY, "lowrank-tests-"));
  process.env.TMPDIR = folder; // the workers begin with it
  return () => rmSync(folder, { recursive: true, force: true });
}

function isRoomy(): boolean {
  if (!existsSync(MEMORY)) return false;
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize > ROOM;
}
