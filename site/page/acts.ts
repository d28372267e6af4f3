/** What a user does, as tasks of the worker; what comes back, as state. */
import type { TrainEvent } from "lowrank";
import type { Columns, Documents, Download, ModelChoice, NamedFile, RunChoice } from "../protocol.ts";
import { type Client, type Message, startClient, TaskError } from "./client.ts";
import { columnsOf, rowsOfTexts } from "./documents.ts";
import { offer, setText } from "./dom.ts";
import { choiceOf, type Part, type Run, type State, withStep } from "./state.ts";
import { change, changeSoon, current } from "./store.ts";
import { count } from "./words.ts";

const site = document.baseURI;
let client: Client;
let lastEvent = 0;

/** Starts the worker. */
export function startWorker(): void {
  client = startClient((message) => {
    if ("event" in message) happened(message.event);
    else change({ planning: `${message.doing} …` });
  });
}

/** Ends the worker, which frees the memory that it took, and starts another. */
function restartWorker(): void {
  client.end();
  startWorker();
}

function happened(event: TrainEvent): void {
  const now = performance.now();
  const took = now - lastEvent;
  lastEvent = now;
  changeSoon(({ run }) => (run ? { run: withEvent(run, event, took) } : {}));
}

/** A run after an event. @param took Milliseconds since the event before. */
export function withEvent(run: Run, event: TrainEvent, took: number): Run {
  switch (event.kind) {
    case "warning":
      return { ...run, warnings: [...run.warnings, event.message] };
    case "tokenize":
      return { ...run, reading: `Tokenizing: ${count(event.rows)} of ${count(event.total)} rows` };
    case "start":
      return { ...run, total: event.header.steps };
    case "step": {
      const after = withStep(run, event, event.steps, took);
      return event.step === event.steps ? { ...after, state: "scoring" } : after;
    }
    default:
      return run;
  }
}

/** Does a task of a part of the page, unless one is under way; its problem is shown there. */
async function attempt(part: Part, act: () => Promise<Partial<State>>): Promise<void> {
  if (current().busy !== undefined) return;
  change(({ problems }) => ({ busy: part, problems: { ...problems, [part]: undefined } }));
  try {
    change({ ...(await act()), busy: undefined });
  } catch (error) {
    const problem = error instanceof TaskError ? error.problem : { message: String(error) };
    change(({ problems }) => ({ busy: undefined, planning: undefined, problems: { ...problems, [part]: problem } }));
  }
}

/** A plan holds only for what it was made of. */
const unplanned = { plan: undefined, planning: undefined } as const;

const withDocuments = (documents: Documents): Partial<State> => ({
  documents,
  columns: columnsOf(documents),
  ...unplanned,
});

const withModel = async (model: ModelChoice): Promise<Partial<State>> => ({
  model,
  usual: await client.ask("usual", { model, method: current().method }),
  ...unplanned,
});

/** Takes files as the documents. */
export const takeFiles = (files: readonly NamedFile[], name?: string): Promise<void> =>
  attempt("documents", async () => {
    const [only] = files;
    const title = name ?? (files.length === 1 && only ? only.name : `${files.length} files`);
    const texts = await rowsOfTexts(files);
    return withDocuments(await client.ask("documents", { name: title, files: texts ? [texts] : files }));
  });

/** Takes the embedded provisions as the documents. */
export const takeProvisions = (): Promise<void> =>
  attempt("documents", async () => withDocuments(await client.ask("provisions", { site })));

/** Gives a column a role. */
export const chooseColumn = (role: keyof Columns, column: string): void =>
  change(({ columns }) => {
    const other = role === "text" ? "label" : "text";
    const kept = columns[other] === undefined || columns[other] === column ? {} : { [other]: columns[other] };
    return { columns: { ...kept, [role]: column }, ...unplanned };
  });

/** Takes a folder of files as the model. */
export const takeModel = (name: string, files: readonly NamedFile[]): Promise<void> =>
  attempt("model", async () => withModel(await client.ask("model", { name, files })));

/** Takes the embedded encoder as the model. */
export const takeEmbedded = (): Promise<void> =>
  attempt("model", async () => withModel(await client.ask("embedded", { site })));

/** Chooses a method. */
export async function chooseMethod(method: string): Promise<void> {
  change({ method, ...unplanned });
  const { model } = current();
  if (!model) return;
  const usual = await client.ask("usual", { model, method });
  if (current().method === method) change({ usual });
}

/** Fills a field in. */
export const fill = (key: string, text: string): void =>
  change(({ fields }) => ({ fields: { ...fields, [key]: text }, ...unplanned }));

/** Plans the run that is chosen. */
export const plan = (): Promise<void> =>
  attempt("plan", async () => {
    const choice = choiceOf(current());
    return choice ? { plan: await client.ask("plan", choice), planning: undefined } : {};
  });

/** Trains as chosen. */
export async function train(): Promise<void> {
  const choice = choiceOf(current());
  if (choice) await trainOn(choice, false);
}

/** Goes on with the run that was not finished. */
export async function resume(): Promise<void> {
  const { unfinished } = current();
  if (unfinished) await trainOn(unfinished.choice, true);
}

const trainOn = (choice: RunChoice, resume: boolean): Promise<void> =>
  attempt("train", async () => {
    const run: Run = { steps: [], total: 0, durations: [], warnings: [], state: "preparing" };
    change({ run, outcome: undefined, tried: undefined, unfinished: undefined });
    const ended = (state: Run["state"]): void => change(({ run }) => (run ? { run: { ...run, state } } : {}));
    try {
      const outcome = await client.ask("train", { choice, resume });
      ended("done");
      return { outcome };
    } catch (error) {
      ended("stopped");
      const { unfinished } = await client.ask("earlier", undefined);
      change({ unfinished });
      if (error instanceof TaskError && error.problem.code === "E_INTERRUPTED") return {};
      throw error;
    }
  });

/** Holds the run between two steps, or lets it go on. */
export function pauseOrProceed(): void {
  const isPaused = current().run?.state === "paused";
  client.ask(isPaused ? "proceed" : "pause", undefined);
  change(({ run }) => (run ? { run: { ...run, state: isPaused ? "running" : "paused" } } : {}));
}

/** Ends the run after the step at hand. */
export function stop(): void {
  client.ask("stop", undefined);
  change(({ run }) => (run ? { run: { ...run, state: "stopping" } } : {}));
}

/** Removes the run that was not finished. */
export async function discard(): Promise<void> {
  await client.ask("discard", undefined);
  change({ unfinished: undefined });
}

/** Offers what a finished run gives. */
export const get = (what: Download): Promise<void> =>
  attempt("get", async () => {
    setText("get-status", what === "onnx" ? "Exporting, opening it again and comparing …" : "");
    try {
      offer(await client.ask("download", what));
    } finally {
      setText("get-status", "");
    }
    return {};
  });

/** Labels sentences with the model before and after training. */
export const tryTexts = (texts: readonly string[]): Promise<void> =>
  attempt("try", async () => {
    if (texts.length === 0) return {};
    setText("try-status", "Asking both models …");
    try {
      return { tried: await client.ask("try", { texts }) };
    } finally {
      setText("try-status", "");
    }
  });

/** Methods that are compared, as the package's demo does in a hurry. */
const COMPARED = ["full", "lora", "qlora"] as const;

/** Keys that all methods of a comparison take from the fields; rates and ranks are each method's own. */
const SHARED_KEYS = ["num_train_epochs", "max_length", "validation_split_percentage"];

let comparing: Client | undefined;

/** Trains the methods one after the other, each in a worker of its own, so that the memory that is measured is its own. */
export const compare = (): Promise<void> =>
  attempt("compare", async () => {
    const choice = choiceOf(current());
    if (!choice) return {};
    const keys = Object.fromEntries(Object.entries(choice.keys).filter(([key]) => SHARED_KEYS.includes(key)));
    restartWorker();
    change({ compared: COMPARED.map((method) => ({ method })) });
    for (const method of COMPARED) {
      const update = (patch: Partial<NonNullable<State["compared"]>[number]>): void =>
        changeSoon(({ compared }) => ({
          compared: compared?.map((one) => (one.method === method ? { ...one, ...patch } : one)),
        }));
      comparing = startClient((message) => {
        const step = stepOf(message);
        if (step) update({ progress: step });
      });
      try {
        update({ outcome: await comparing.ask("compare", { ...choice, method, keys }) });
      } finally {
        comparing.end();
        comparing = undefined;
      }
    }
    return {};
  });

/** Ends the comparison at once. */
export const stopComparing = (): void => comparing?.end();

function stepOf(message: Message): { step: number; total: number } | undefined {
  if (!("event" in message) || message.event.kind !== "step") return undefined;
  return { step: message.event.step, total: message.event.steps };
}

/** Removes all that this page stored, and begins anew. */
export async function forget(): Promise<void> {
  restartWorker();
  await client.ask("forget", undefined);
  location.reload();
}

/** Asks the worker for what the page begins with. @returns false where the browser does not let it work. */
export async function begin(): Promise<boolean> {
  try {
    const engine = await client.ask("engine", undefined);
    const { documents, model, outcome, unfinished } = await client.ask("earlier", undefined);
    const columns = outcome?.choice.columns ?? unfinished?.choice.columns;
    change({ engine, outcome, unfinished, ...(documents && { documents, columns: columnsOf(documents, columns) }) });
    change(model ? await withModel(model) : {});
    change({ busy: undefined });
    if (!model) await takeEmbedded();
    return true;
  } catch (error) {
    const { message } = error as Error;
    setText("engine", `This browser does not let the page work: ${message}`);
    return false;
  }
}
