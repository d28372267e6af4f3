/** The training thread of Node: does one job and sends what happens. */

import { postMessage, stopRequested, threadJob } from "#platform";
import type { Job, JobMessage } from "../../prepared/job.ts";
import { jobMessages } from "./job-messages.ts";

/** Buffers that are handed over, not copied: those of the trained parameters. */
const buffersOf = (message: JobMessage): ArrayBuffer[] =>
  message.kind === "trained"
    ? [...message.finished.trained.values()].map(({ data }) => data.buffer as ArrayBuffer)
    : [];

for await (const message of jobMessages(threadJob<Job>(), stopRequested)) postMessage(message, buffersOf(message));
