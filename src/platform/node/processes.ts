import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeSync } from "node:fs";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Environment, ProcessEnd } from "../contract.ts";
import { besideThis } from "./packages.ts";

const KEPT = 4000;

/**
 * A module that kills its process once stdin closes. A thread watches it, since a decoder in an endless loop would never see that;
 * it waits for events, since a blocked read would keep the process from ending.
 */
const END_WITH_PARENT = `data:text/javascript,${encodeURIComponent(`
  import { isMainThread, Worker } from "node:worker_threads";
  const watch = () => {
    const end = () => process.kill(process.pid, "SIGKILL");
    new (require("node:net").Socket)({ fd: 0 }).on("error", end).on("close", end).resume();
  };
  if (isMainThread) new Worker("(" + watch + ")()", { eval: true, execArgv: [] }).unref();
`)}`;

/**
 * Runs a module of this library in a process of its own and yields the JSON object of each line it prints.
 *
 * It is in a process group of its own: Ctrl-C reaches it only through `signal`, once, as SIGINT. It ends with its
 * parent, even when that is killed with SIGKILL: its stdin is a pipe that closes then.
 * @param compiled URL of the compiled module; among the sources, its `.ts` is run through tsx.
 * @returns how it ended; a failure is the caller's to judge.
 */
export async function* spawnJsonLines(
  compiled: URL,
  args: readonly string[],
  signal?: AbortSignal,
  env: Environment = {},
): AsyncGenerator<Record<string, unknown>, ProcessEnd, void> {
  const module = besideThis(compiled);
  const loader = extname(module.pathname) === ".ts" ? ["--import", "tsx"] : [];
  const child = spawn(process.execPath, ["--import", END_WITH_PARENT, ...loader, fileURLToPath(module), ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    env: { ...process.env, ...env },
  });
  const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  ended.catch(() => {}); // awaited below, perhaps after it failed
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-KEPT);
  });
  const stop = (): void => void child.kill("SIGINT");
  const kill = (): void => void child.kill("SIGKILL");
  process.on("exit", kill);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const object = line.startsWith("{") && parsed(line);
      if (object) yield object;
    }
    const [exitCode, killedBy] = await ended;
    return { exitCode, signal: killedBy, stderr };
  } finally {
    kill();
    signal?.removeEventListener("abort", stop);
    process.off("exit", kill);
  }
}

/**
 * Prints a JSON line, in a process that `spawnJsonLines` started; waits while its parent is behind.
 * @throws {RangeError} when the line is longer than `maxLength` characters.
 */
export function printJsonLine(value: object, maxLength: number): void {
  const text = JSON.stringify(value);
  if (text.length > maxLength) throw new RangeError(`a row is longer than ${maxLength / 2 ** 20} MiB`);
  const bytes = Buffer.from(`${text}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}

/** The object of a line; `undefined` for half a line, which a process leaves that was killed. */
function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
