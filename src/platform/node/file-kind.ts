import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { FileError } from "../../errors.ts";
import { orFileError } from "./file-error.ts";

/** Input of this process: a pipe that the user connected, so reading it is what was asked for. */
const CONNECTED = /^\/dev\/(stdin|fd\/\d+)$/;

const KINDS: readonly [is: (found: Stats) => boolean, kind: string][] = [
  [(found) => found.isDirectory(), "a folder"],
  [(found) => found.isFIFO(), "a named pipe (FIFO)"],
  [(found) => found.isSocket(), "a socket"],
  [(found) => found.isCharacterDevice() || found.isBlockDevice(), "a device"],
];

/**
 * Checks that a path leads to a regular file before it is opened: opening a pipe waits for a writer, and a device may never
 * end.
 * @param options.connected Also accept what the shell connected to this process, such as `/dev/stdin`.
 * @throws {FileError} when it is missing or something else.
 */
export async function regularFile(path: string, { connected = false } = {}): Promise<void> {
  if (connected && CONNECTED.test(path)) return;
  const found = await stat(path).catch(orFileError("read", path));
  if (found.isFile()) return;
  const kind = KINDS.find(([is]) => is(found))?.[1] ?? "of an unknown kind";
  throw new FileError(`cannot read ${path}: it is ${kind}, not a file`);
}
