/** The page's worker: it has the package and ONNX Runtime, which blocks the thread that it computes in. */
import { LowrankError, plan, recipeJsonSchema, VERSION } from "lowrank";
import type { ModelChoice, Outcome, Problem, Reply, Request, TaskName, Tasks } from "../protocol.ts";
import { earlierDocuments, storeDocuments, storeProvisions } from "./documents.ts";
import { download } from "./download.ts";
import { jsonAt, PATHS, removeAll } from "./files.ts";
import { storeEmbedded, storeModel } from "./model.ts";
import { recipeOf, usualKeys } from "./recipe.ts";
import { startRuntime, THREADS } from "./runtime.ts";
import { discard, pause, proceed, run, stop, unfinished } from "./training.ts";
import { tried } from "./trying.ts";

startRuntime();

const say = (reply: Reply): void => self.postMessage(reply);

const tasks: { [Name in TaskName]: (given: Tasks[Name]["given"]) => Promise<Tasks[Name]["value"]> } = {
  async engine() {
    const { enum: names = [], enumDescriptions: abouts = [] } = (recipeJsonSchema().properties?.method ?? {}) as {
      enum?: string[];
      enumDescriptions?: string[];
    };
    const methods = names.map((name, i) => ({ name, about: abouts[i] ?? "" }));
    return { version: VERSION, isolated: self.crossOriginIsolated, threads: THREADS, methods };
  },
  async earlier() {
    const left = {
      documents: await earlierDocuments(),
      model: await jsonAt<ModelChoice>(PATHS.base),
      outcome: await jsonAt<Outcome>(PATHS.outcome),
      unfinished: await unfinished(),
    };
    return Object.fromEntries(Object.entries(left).filter(([, value]) => value !== undefined));
  },
  discard,
  documents: ({ name, files }) => storeDocuments(name, files),
  provisions: ({ site }) => storeProvisions(site),
  model: ({ name, files }) => storeModel(name, files),
  embedded: ({ site }) => storeEmbedded(site),
  usual: usualKeys,
  plan: async (choice) => plan(await recipeOf(choice, PATHS.run), { onProgress: (doing) => say({ doing }) }),
  train: ({ choice, resume }) => run(choice, resume, PATHS.run, (event) => say({ event })),
  compare: (choice) => run(choice, false, `${PATHS.compared}/${choice.method}`, (event) => say({ event })),
  pause: async () => pause(),
  proceed: async () => proceed(),
  stop: async () => stop(),
  try: ({ texts }) => tried(texts),
  download,
  forget: removeAll,
};

/** Folders of this page's storage. */
const STORED = /\/lowrank\/((documents|models)\/\d+\/?)?/g;

/** An error in words, without the paths of this page's storage. */
function problemOf(error: unknown): Problem {
  const { message } = error instanceof Error ? error : new Error(String(error));
  const words = message.replace(STORED, "").replace(/^--/gm, ""); // a key that is filled in is a flag to the package
  return { ...(error instanceof LowrankError && { code: error.code }), message: words };
}

self.onmessage = async ({ data: { id, task, given } }: MessageEvent<Request>) => {
  try {
    const act = tasks[task] as (given: unknown) => Promise<unknown>;
    say({ id, value: await act(given) });
  } catch (error) {
    say({ id, problem: problemOf(error) });
  }
};
