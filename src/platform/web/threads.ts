import { EngineError, FileError } from "../../errors.ts";
import type { ProcessEnd, Thread } from "../contract.ts";
import { Mailbox } from "../mailbox.ts";

/** Messages between a page and its threads. */
type ToThread = { readonly job: unknown } | { readonly stop: true };
type FromThread<Message> = { readonly message: Message } | { readonly done: true };

/** Starts a module of this library in a worker. @throws whatever the worker threw, from the iteration. */
export function startThread<Message>(module: URL, job: unknown): Thread<Message> {
  const worker = new Worker(module, { type: "module" });
  const mailbox = new Mailbox<Message>();
  worker.onmessage = ({ data }: MessageEvent<FromThread<Message>>) => {
    if ("done" in data) mailbox.end();
    else mailbox.post(data.message);
  };
  worker.onerror = ({ message }) => mailbox.end(new EngineError(`the run's thread failed: ${message}`));
  worker.postMessage({ job } satisfies ToThread);
  return {
    stop: () => worker.postMessage({ stop: true } satisfies ToThread),
    async *[Symbol.asyncIterator]() {
      try {
        yield* mailbox.read();
      } finally {
        worker.terminate();
      }
    },
  };
}

let stopped = false;

/** The thread's side: the job that it was given, which arrives as its first message. */
export const threadJob = <Job>(): Promise<Job> =>
  new Promise((resolve) => {
    globalThis.onmessage = ({ data }: MessageEvent<ToThread>) => {
      if ("job" in data) resolve(data.job as Job);
      else stopped = true;
    };
  });

/** The thread's side: true when it was asked to stop; seen when it waits for a step. */
export const stopRequested = (): boolean => stopped;

/** The thread's side: sends a message; the buffers of `transfer` move without a copy and are gone here. */
export const postMessage = (message: unknown, transfer: readonly ArrayBuffer[] = []): void =>
  globalThis.postMessage({ message }, { transfer: [...transfer] });

/** The thread's side: nothing follows. */
export const threadDone = (): void => globalThis.postMessage({ done: true });

/** Runs a module in a process of its own. @throws {FileError} always: a browser has no processes. */
// biome-ignore lint/correctness/useYield: it ends before its first line
export async function* spawnJsonLines(
  module: URL,
  _args: readonly string[],
): AsyncGenerator<Record<string, unknown>, ProcessEnd, void> {
  throw new FileError(`${module.pathname.split("/").at(-1)} needs its own process, which a browser does not have`, {
    hint: "it reads Parquet files; convert the data to .jsonl.",
  });
}
