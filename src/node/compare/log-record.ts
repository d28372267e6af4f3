import type { EvalResults, RunHeader, StepEvent, TrainEvent, TrainResults } from "../../events/events.ts";

/**
 * The event that a line of `--json` stands for: the way back from `toLogRecord`.
 * @param steps Optimizer steps of the run, which a step's line leaves out.
 * @returns `undefined` for a line that is no training event.
 */
export function fromLogRecord(record: Readonly<Record<string, unknown>>, steps: number): TrainEvent | undefined {
  const { event, ...rest } = record;
  switch (event) {
    case "start":
      return { kind: "start", header: camelCaseKeys(rest) as unknown as RunHeader };
    case "step":
      return { kind: "step", steps, ...camelCaseKeys(rest) } as StepEvent;
    case "eval": {
      const { step, epoch, ...metrics } = rest;
      return { kind: "eval", step: step as number, epoch: epoch as number, metrics: metrics as EvalResults };
    }
    case "done":
      return { kind: "done", results: camelCaseKeys(rest) as unknown as TrainResults };
    case "tokenize":
    case "save":
    case "early_stop":
    case "warning":
      return { kind: event, ...rest } as TrainEvent;
    default:
      return undefined;
  }
}

function camelCaseKeys(record: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [
      key.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase()),
      typeof value === "object" && value !== null && !Array.isArray(value) ? camelCaseKeys(value) : value,
    ]),
  );
}
