import { appendBytes, makeFolder, whoRuns } from "#platform";
import type { TrainEvent } from "../events/events.ts";
import { encodeScalars, encodeVersion } from "../tensorboard/event.ts";
import { toRecord } from "../tensorboard/record.ts";

/** Event file of a run for TensorBoard. */
export interface EventFile {
  /** Adds the figures of an event, if it has any. */
  add(event: TrainEvent): Promise<void>;
}

/**
 * Begins an event file in a folder of its own: `runs/Nov24_06-40-00_host/events.out.tfevents.…` below `outputDir`, as
 * transformers names it. Tags are transformers' too: `train/loss`, `eval/accuracy`.
 * @throws {FileError} when it cannot be written.
 */
export async function openEventFile(outputDir: string): Promise<EventFile> {
  const { host, processId } = whoRuns();
  const now = new Date();
  const folder = `${outputDir}/runs/${runName(now)}_${host}`;
  const seconds = now.getTime() / 1000;
  const path = `${folder}/events.out.tfevents.${Math.floor(seconds)}.${host}.${processId}.0`;
  await makeFolder(folder);
  await appendBytes(path, toRecord(encodeVersion(seconds)));
  return {
    async add(event) {
      const scalars = scalarsOf(event);
      const step = event.kind === "step" || event.kind === "eval" ? event.step : 0;
      if (Object.keys(scalars).length === 0) return;
      await appendBytes(path, toRecord(encodeScalars({ wallTime: Date.now() / 1000, step, scalars })));
    },
  };
}

/** Figures by tag. */
function scalarsOf(event: TrainEvent): Record<string, number> {
  if (event.kind === "step") {
    return {
      "train/loss": event.loss,
      "train/learning_rate": event.learningRate,
      "train/grad_norm": event.gradNorm,
      "train/epoch": event.epoch,
      "train/num_tokens": event.numTokens,
    };
  }
  if (event.kind !== "eval") return {};
  const numbers = Object.entries(event.metrics).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  return Object.fromEntries(numbers.map(([name, value]) => [name.replace(/^eval_/, "eval/"), value]));
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Nov24_06-40-00`, in local time. */
function runName(now: Date): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("-");
  return `${MONTHS[now.getMonth()]}${two(now.getDate())}_${time}`;
}
