/** The page's worker: it has the package and ONNX Runtime, which blocks the thread that it computes in. */
import { LowrankError, plan, recipeJsonSchema, VERSION } from "lowrank";
import type { Problem, Reply, Request, TaskName, Tasks } from "../protocol.ts";
import { storeDocuments, storeProvisions } from "./documents.ts";
import { download } from "./download.ts";
import { PATHS, removeAll } from "./files.ts";
import { storeEmbedded, storeModel } from "./model.ts";
import { recipeOf, usualKeys } from "./recipe.ts";
import { startRuntime, THREADS } from "./runtime.ts";
import { pause, proceed, run, stop, unfinished } from "./training.ts";
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
  earlier: unfinished,
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

/** An error in words, without the paths of this page's storage. */
function problemOf(error: unknown): Problem {
  const { message } = error instanceof Error ? error : new Error(String(error));
  const words = Object.values(PATHS).reduce(
    (text, path) => text.replaceAll(`${path}/`, "").replaceAll(path, ""),
    message,
  );
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
