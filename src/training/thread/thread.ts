/** The training thread: runs one job and sends what happens. */

import { postMessage, stopRequested, threadDone, threadJob } from "#platform";
import { plainError, typedMemoryError } from "../../errors.ts";
import type { Finished, Job, JobMessage } from "../../prepared/job.ts";
import { runJob } from "../run.ts";

const send = (message: JobMessage, transfer: ArrayBuffer[] = []): void => postMessage(message, transfer);

/** Hands the trained parameters over, not a copy of them. */
const sendTrained = (finished: Finished): void =>
  send(
    { kind: "trained", finished },
    [...finished.trained.values()].map(({ data }) => data.buffer as ArrayBuffer),
  );

try {
  const job = await threadJob<Job>();
  const events = runJob(job, stopRequested, job.returns ? sendTrained : undefined);
  for (;;) {
    const { done, value } = await events.next();
    if (!done) send({ kind: "event", event: value });
    else {
      if (job.returns) sendTrained(value);
      break;
    }
  }
} catch (error) {
  send({ kind: "error", error: plainError(typedMemoryError(error)) });
}
threadDone();
