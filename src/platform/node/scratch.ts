import { closeSync, existsSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError } from "../../errors.ts";
import type { ScratchFile } from "../contract.ts";

/** Bytes that are written at once. */
const BLOCK = 2 ** 20;

/** Opens an empty file in `TMPDIR`; without one in `/var/tmp`, since `/tmp` may be memory itself. */
export function openScratch(): ScratchFile {
  const folder = process.env.TMPDIR ?? (existsSync("/var/tmp") ? "/var/tmp" : tmpdir());
  const path = join(folder, `lowrank-${process.pid}-${Date.now()}-${Math.random().toString(36).slice(2)}`);
  const file = attempt(folder, () => openSync(path, "wx+", 0o600));
  const unnamed = removed(path);
  const waiting = new Uint8Array(BLOCK);
  let [written, used] = [0, 0];

  const write = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length; ) {
      at += attempt(folder, () => writeSync(file, bytes, at, bytes.length - at, written + at));
    }
    written += bytes.length;
  };
  const flush = (): void => {
    write(waiting.subarray(0, used));
    used = 0;
  };

  return {
    append(bytes) {
      const offset = written + used;
      if (used + bytes.length > BLOCK) flush();
      if (bytes.length > BLOCK) write(bytes);
      else {
        waiting.set(bytes, used);
        used += bytes.length;
      }
      return offset;
    },
    read(offset, length) {
      if (offset + length > written) flush();
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        const got = attempt(folder, () => readSync(file, bytes, at, length - at, offset + at));
        if (got === 0) throw new RangeError(`the scratch file has ${written} bytes instead of ${offset + length}`);
        at += got;
      }
      return bytes;
    },
    close() {
      closeSync(file);
      if (!unnamed) removed(path);
    },
  };
}

/** Unlinks the file and returns true on success; on Windows an open file keeps its name. */
function removed(path: string): boolean {
  try {
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}

function attempt<T>(folder: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw new FileError(`cannot store tokenized examples in ${folder}: ${(cause as Error).message}`, {
      expected: "a folder with room for about twice the size of the data",
      hint: "set the environment variable TMPDIR to another folder.",
      cause,
    });
  }
}
