import { plainError, typedMemoryError } from "../../errors.ts";
import type { Finished, Job, JobMessage } from "../../prepared/job.ts";
import { runJob } from "../run.ts";

/** Messages of a job: its events, then what was trained when it `returns` that, or the error that ended it. */
export async function* jobMessages(job: Job, stopRequested: () => boolean): AsyncGenerator<JobMessage, void, void> {
  let finished: Finished | undefined;
  const keep = (early: Finished): void => {
    finished = early;
  };
  let error: unknown;
  try {
    const events = runJob(job, stopRequested, keep);
    for (let next = await events.next(); ; next = await events.next()) {
      if (next.done) finished = next.value;
      if (next.done) break;
      yield { kind: "event", event: next.value };
    }
  } catch (cause) {
    error = cause;
  }
  if (job.returns && finished) yield { kind: "trained", finished };
  if (error !== undefined) yield { kind: "error", error: plainError(typedMemoryError(error)) };
}
