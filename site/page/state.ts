/** State of the page, and what follows from it. */
import type { Plan } from "lowrank";
import type {
  Columns,
  Documents,
  Engine,
  ModelChoice,
  Outcome,
  Problem,
  RunChoice,
  Tried,
  Unfinished,
  UsualKeys,
} from "../protocol.ts";

/** Parts of the page that can have a problem of their own. */
export type Part = "documents" | "model" | "plan" | "train" | "get" | "try";

/** Task that the worker is at. */
export type Busy = Part | "compare" | "starting";

/** A step of the run. */
export interface Step {
  readonly step: number;
  readonly loss: number;
}

/** A run that is under way, or was. */
export interface Run {
  readonly steps: readonly Step[];
  /** Steps of the whole run; 0 before it is known. */
  readonly total: number;
  /** Milliseconds of each of the last steps, pauses left out. */
  readonly durations: readonly number[];
  readonly warnings: readonly string[];
  readonly state: "preparing" | "running" | "paused" | "stopping" | "stopped" | "scoring" | "done";
}

/** All that the page shows. */
export interface State {
  readonly engine?: Engine;
  readonly busy?: Busy | undefined;
  readonly problems: Readonly<Partial<Record<Part, Problem | undefined>>>;
  readonly documents?: Documents | undefined;
  readonly columns: Partial<Columns>;
  readonly model?: ModelChoice | undefined;
  readonly method: string;
  readonly usual: UsualKeys;
  /** Texts of the fields that were filled in, by recipe key. */
  readonly fields: Readonly<Record<string, string>>;
  readonly plan?: Plan | undefined;
  readonly planning?: string | undefined;
  readonly run?: Run | undefined;
  readonly outcome?: Outcome | undefined;
  readonly earlier?: Unfinished | undefined;
  readonly tried?: readonly Tried[] | undefined;
}

/** The page as it opens. */
export const INITIAL: State = {
  busy: "starting",
  problems: {},
  columns: {},
  method: "lora",
  usual: {},
  fields: {},
};

/** Numbers of the fields that were filled in. */
export const keysOf = (fields: State["fields"]): Record<string, number> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([key, text]) =>
      text.trim() === "" ? [] : [[key, Number(text.replace(",", "."))]],
    ),
  );

/** The run that is chosen; `undefined` while something is missing. */
export function choiceOf({ documents, columns, model, method, fields }: State): RunChoice | undefined {
  const { text, label } = columns;
  if (!documents || !model || text === undefined || label === undefined) return undefined;
  const { name, path, delimiter, splits } = documents;
  return {
    documents: { name, path, splits, ...(delimiter !== undefined && { delimiter }) },
    columns: { text, label },
    model,
    method,
    keys: keysOf(fields),
  };
}

/** What must be done before a run can be planned, in words; `undefined` when nothing is missing. */
export function missing({ documents, columns, model }: State): string | undefined {
  if (!documents) return "Documents come first.";
  if (columns.text === undefined || columns.label === undefined) return "Choose a text and a label column.";
  return model ? undefined : "Choose the model’s folder.";
}

/** Durations of steps that an estimate is made from. */
const REMEMBERED = 20;

/** A run with one step more. */
export const withStep = (run: Run, step: Step, total: number, milliseconds: number): Run => ({
  ...run,
  steps: [...run.steps, step],
  total,
  durations: [...run.durations, milliseconds].slice(-REMEMBERED),
  state: run.state === "preparing" ? "running" : run.state,
});

/** Seconds until the last step, by the median of the last ones; `undefined` before there are any. */
export function secondsLeft({ steps, total, durations }: Run): number | undefined {
  const sorted = [...durations].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  return median === undefined ? undefined : ((total - (steps.at(-1)?.step ?? 0)) * median) / 1000;
}
