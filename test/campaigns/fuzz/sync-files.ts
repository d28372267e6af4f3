/**
 * Loaded before a worker: opening, listing and reading files answer at once instead of through the thread pool, whose
 * round trips take most of the time that a small file in memory needs. Errors are the same.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const promises = fs.promises as unknown as Record<string, unknown>;
const openReally = fs.promises.open;

/** What `open(path, "r")` gives, as far as readers use it. */
const handleOf = (descriptor: number) => ({
  fd: descriptor,
  stat: async (options?: fs.StatOptions) => fs.fstatSync(descriptor, options),
  read: async (buffer: Uint8Array, offset: number, length: number, position: number | null) => ({
    bytesRead: fs.readSync(descriptor, buffer, offset, length, position),
    buffer,
  }),
  sync: async () => fs.fsyncSync(descriptor),
  close: async () => fs.closeSync(descriptor),
});

promises.open = async (path: fs.PathLike, flags: string | number = "r", mode?: fs.Mode) =>
  flags === "r" && fs.statSync(path).isFile() ? handleOf(fs.openSync(path, "r")) : openReally(path, flags, mode);
promises.stat = async (path: fs.PathLike, options?: fs.StatOptions) => fs.statSync(path, options);
promises.readdir = async (path: fs.PathLike, options?: BufferEncoding) => fs.readdirSync(path, options);
promises.readFile = async (path: fs.PathOrFileDescriptor, options?: BufferEncoding) => fs.readFileSync(path, options);

/** A function of `node:fs` that calls back, by the one that returns; a read gives its buffer too. */
const calledBack =
  (act: (...args: never[]) => unknown) =>
  (...args: unknown[]): void => {
    const done = args.pop() as (error: unknown, result?: unknown, buffer?: unknown) => void;
    try {
      process.nextTick(done, null, act(...(args as never[])), args[1]);
    } catch (error) {
      process.nextTick(done, error);
    }
  };

// what the streams of files call
Object.assign(fs, { open: calledBack(fs.openSync), read: calledBack(fs.readSync), close: calledBack(fs.closeSync) });
syncBuiltinESMExports();
