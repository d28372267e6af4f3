import { newId, releaseFolder, startThread, type ThreadModule } from "#platform";
import { EXIT, type PlainError, revivedError } from "../../errors.ts";
import type { TrainEvent } from "../../events/events.ts";
import type { Finished, Job, JobMessage } from "../../prepared/job.ts";

/** Options of a job. */
export interface JobOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with what a job that `returns` has trained; also when it was stopped, with what it had by then. */
  readonly onTrained?: (finished: Finished) => void;
}

/** The module that does a job, for a platform that starts a thread with it, and for one that calls it. */
const JOB_THREAD: ThreadModule<Job, JobMessage> = {
  url: new URL("./thread.js", import.meta.url),
  load: async () => (await import("./job-messages.ts")).jobMessages,
};

/**
 * Runs a job in a thread of its own, so that this one stays free for a bar, Ctrl-C, a server; in a browser, in the worker
 * that calls it. Leaving the iteration early stops the job after the step at hand.
 */
export async function* startJob(
  job: Job,
  { signal, onTrained }: JobOptions = {},
): AsyncGenerator<TrainEvent, void, void> {
  const lock = newId();
  const thread = startThread(JOB_THREAD, { ...job, lock });
  const stop = (): void => thread.stop();
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  const messages = thread[Symbol.asyncIterator]();
  /** The next message that is not what was trained. */
  const next = async (): Promise<Exclude<JobMessage, { kind: "trained" }> | undefined> => {
    for (;;) {
      const { done, value: message } = await messages.next();
      if (done) return undefined;
      if (message.kind !== "trained") return message;
      onTrained?.(message.finished);
    }
  };
  let hasBegun = false;
  try {
    for (let message = await next(); message; message = await next()) {
      if (message.kind === "error") throw revivedError(hasBegun ? asRunFailure(message.error) : message.error);
      hasBegun ||= message.event.kind === "start";
      yield message.event;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    // Left early: ending the thread while the engine runs in it would take the whole process down.
    stop();
    try {
      while (await next());
    } finally {
      if (job.write) await releaseFolder(job.recipe.output_dir, lock); // a thread that failed hard could not
    }
  }
}

/** A usage error (exit code 2) that occurs after the run began, such as a full disk, as a failed run (1). */
function asRunFailure(error: PlainError): PlainError {
  const { exitCode } = error.data ?? {};
  return exitCode === EXIT.usage ? { ...error, data: { ...error.data, exitCode: EXIT.failed } } : error;
}
