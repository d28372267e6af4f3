import { plainError, typedMemoryError } from "../../errors.ts";
import type { Finished, Job, JobMessage } from "../../prepared/job.ts";
import { runJob } from "../run.ts";

/** Messages of a job: its events, then what was trained when it `returns` that, or the error that ended it. */
export async function* jobMessages(job: Job, stopRequested: () => boolean): AsyncGenerator<JobMessage, void, void> {
  let finished: Finished | undefined;
  const keep = (trained: Finished): void => {
    finished = trained;
  };
  let error: unknown;
  try {
    const events = runJob(job, stopRequested, job.returns ? keep : undefined);
    for (;;) {
      const { done, value } = await events.next();
      if (done) {
        if (job.returns) keep(value);
        break;
      }
      yield { kind: "event", event: value };
    }
  } catch (cause) {
    error = cause;
  }
  if (finished) yield { kind: "trained", finished };
  if (error !== undefined) yield { kind: "error", error: plainError(typedMemoryError(error)) };
}
