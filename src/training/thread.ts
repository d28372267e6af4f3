/** The training thread: runs one job and sends what happens. */

import { postMessage, stopRequested, threadDone, threadJob } from "#platform";
import { plainError, typedMemoryError } from "../errors.ts";
import type { Job, JobMessage } from "../prepared/job.ts";
import { runJob } from "./run.ts";

const send = (message: JobMessage, transfer: ArrayBuffer[] = []): void => postMessage(message, transfer);

try {
  const job = await threadJob<Job>();
  const events = runJob(job, stopRequested);
  for (;;) {
    const { done, value } = await events.next();
    if (!done) send({ kind: "event", event: value });
    else {
      const buffers = [...value.trained.values()].map(({ data }) => data.buffer as ArrayBuffer);
      if (job.returns) send({ kind: "trained", finished: value }, buffers);
      break;
    }
  }
} catch (error) {
  send({ kind: "error", error: plainError(typedMemoryError(error)) });
}
threadDone();
