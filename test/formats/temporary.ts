import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A new folder that is removed after the calling test file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lowrank-export-"));
  afterAll(() => rm(folder, { recursive: true }));
  return folder;
}

/** Path of a fixture of test/parity. */
export const fixture = (path: string): string => join(import.meta.dirname, "../parity/fixtures", path);
