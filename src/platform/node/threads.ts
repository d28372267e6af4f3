import { extname } from "node:path";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { EngineError, typedMemoryError } from "../../errors.ts";
import type { Thread, ThreadModule } from "../contract.ts";
import { Mailbox } from "../mailbox.ts";
import { besideThis } from "./packages.ts";
import { disableTelemetry } from "./telemetry.ts";

interface Start {
  readonly job: unknown;
  readonly stop: Int32Array;
}

/**
 * Does a job in a thread of its own. Among the sources, the module's `.ts` is run through tsx.
 * @throws whatever the thread threw, from the iteration; {OutOfMemoryError} when its heap was full.
 */
export function startThread<Job, Message>({ url }: ThreadModule<Job, Message>, job: Job): Thread<Message> {
  const module = besideThis(url);
  disableTelemetry();
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const workerData: Start = { job, stop };
  const worker = new Worker(module, {
    workerData,
    ...(extname(module.pathname) === ".ts" && { execArgv: ["--import", "tsx"] }),
  });
  const mailbox = new Mailbox<Message>();
  let failure: unknown;
  worker.on("message", (message: Message) => mailbox.post(message));
  worker.on("error", (error) => {
    failure = typedMemoryError(error);
  });
  worker.on("exit", (code) => {
    if (code !== 0) failure ??= new EngineError(`the run's thread ended with exit code ${code} and gave no reason.`);
    mailbox.end(failure);
  });
  return {
    stop: () => void Atomics.store(stop, 0, 1),
    async *[Symbol.asyncIterator]() {
      try {
        yield* mailbox.read();
      } finally {
        if (!mailbox.hasEnded) await worker.terminate();
      }
    },
  };
}

/** The thread's side: what it was given. */
export const threadJob = <Job>(): Job => (workerData as Start).job as Job;

/** The thread's side: whether it was asked to stop. */
export const stopRequested = (): boolean => Atomics.load((workerData as Start).stop, 0) === 1;

/** The thread's side: sends a message; the buffers of `transfer` move without a copy and are gone here. */
export const postMessage = (message: unknown, transfer: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, [...transfer]);
