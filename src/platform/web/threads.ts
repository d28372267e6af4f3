import { FileError } from "../../errors.ts";
import type { ProcessEnd, Thread, ThreadModule } from "../contract.ts";

/**
 * Does a job in the calling worker, between whose steps the worker's messages arrive. The page has put this library into
 * a worker already, and a second one would need ONNX Runtime and a WebAssembly heap of its own.
 */
export function startThread<Job, Message>(module: ThreadModule<Job, Message>, job: Job): Thread<Message> {
  let stopped = false;
  return {
    stop: () => {
      stopped = true;
    },
    async *[Symbol.asyncIterator]() {
      const messagesOf = await module.load();
      yield* messagesOf(structuredClone(job), () => stopped);
    },
  };
}

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
