/** State of the page, and what follows from it. */
import type { Plan } from "lowrank";
import type {
  Columns,
  Documents,
  Earlier,
  Engine,
  ModelChoice,
  Outcome,
  Problem,
  RunChoice,
  Tried,
  UsualKeys,
} from "../protocol.ts";

/** Parts of the page that can have a problem of their own. */
export const PARTS = ["documents", "model", "plan", "train", "get", "try", "compare"] as const;

/** One of {@link PARTS}. */
export type Part = (typeof PARTS)[number];

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
  /** Progress of reading the rows, in words. */
  readonly reading?: string;
  readonly state: "preparing" | "running" | "paused" | "stopping" | "stopped" | "scoring" | "done";
}

/** A method of the comparison. */
export interface Compared {
  readonly method: string;
  readonly progress?: { readonly step: number; readonly total: number };
  readonly outcome?: Outcome;
}

/** All that the page shows. */
export interface State {
  readonly engine?: Engine;
  /** Part whose task the worker is at. */
  readonly busy?: Part | "starting" | undefined;
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
  readonly unfinished?: Earlier["unfinished"] | undefined;
  readonly tried?: readonly Tried[] | undefined;
  readonly compared?: readonly Compared[] | undefined;
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

/** Recipe keys of the fields that were filled in. Their texts are the package's to read. */
export const keysOf = (fields: State["fields"]): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter(([, text]) => text.trim() !== ""));

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
