/** The page: what the user does becomes tasks of the worker, and what the worker says becomes state. */
import type { TrainEvent } from "lowrank";
import type { Columns, Documents, Download, NamedFile, RunChoice } from "../protocol.ts";
import { type Client, type Said, startClient, TaskError } from "./client.ts";
import { documentsView, pastedFile, rowsOfTexts } from "./documents.ts";
import { byId, offer, setText } from "./dom.ts";
import { filesOf, isolated, keepOffline } from "./host.ts";
import { problemsView } from "./problems.ts";
import { resultView } from "./result.ts";
import { drawSettings, planView, settingsView } from "./settings.ts";
import { choiceOf, type Part, type Run, type State, withStep } from "./state.ts";
import { change, current, showThrough } from "./store.ts";
import { trainingView } from "./training.ts";

const site = document.baseURI;
let client: Client;
let lastStep = 0;

function hear(said: Said): void {
  if ("doing" in said) change({ planning: `${said.doing} …` });
  else happened(said.event);
}

function happened(event: TrainEvent): void {
  const now = performance.now();
  const update = (next: (run: Run) => Run): void => change(({ run }) => (run ? { run: next(run) } : {}));
  if (event.kind === "warning") update((run) => ({ ...run, warnings: [...run.warnings, event.message] }));
  if (event.kind === "start") update((run) => ({ ...run, total: event.header.steps }));
  if (event.kind === "step") {
    const took = now - lastStep;
    update((run) => withStep(run, event, event.steps, took));
    if (event.step === event.steps) update((run) => ({ ...run, state: "scoring" }));
  }
  lastStep = now;
}

/** Does a task of a part of the page; its problem is shown there. */
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

const taken = (documents: Documents): Partial<State> => ({
  documents,
  columns: documents.guess ?? {},
  ...unplanned,
});

const takeFiles = (name: string, files: readonly NamedFile[]): Promise<void> =>
  attempt("documents", async () => {
    const texts = await rowsOfTexts(files);
    return taken(await client.ask("documents", { name, files: texts ? [texts] : files }));
  });

const choose = (role: keyof Columns, column: string): void =>
  change(({ columns }) => {
    const other = role === "text" ? "label" : "text";
    const rest = columns[other] === column ? {} : { [other]: columns[other] };
    return { columns: { ...rest, [role]: column }, ...unplanned };
  });

async function chooseMethod(method: string): Promise<void> {
  change({ method, ...unplanned });
  const { model } = current();
  if (model) change({ usual: await client.ask("usual", { model, method }) });
}

function train(choice: RunChoice, resume: boolean): Promise<void> {
  return attempt("train", async () => {
    const run: Run = { steps: [], total: 0, durations: [], warnings: [], state: "preparing" };
    change({ run, outcome: undefined, tried: undefined, earlier: undefined });
    try {
      const outcome = await client.ask("train", { choice, resume });
      change(({ run }) => (run ? { run: { ...run, state: "done" } } : {}));
      return { outcome };
    } catch (error) {
      const isStopped = error instanceof TaskError && error.problem.code === "E_INTERRUPTED";
      change(({ run }) => (run ? { run: { ...run, state: "stopped" } } : {}));
      if (!isStopped) throw error;
      return { earlier: await client.ask("earlier", undefined) };
    }
  });
}

const get = (what: Download): Promise<void> =>
  attempt("get", async () => {
    setText("get-status", what === "onnx" ? "Exporting and comparing …" : "");
    offer(await client.ask("download", what));
    setText("get-status", "");
    return {};
  });

function listen(): void {
  const on = (id: string, act: () => void): void => byId(id).addEventListener("click", act);
  const paste = byId<HTMLTextAreaElement>("paste");
  paste.addEventListener("input", () => {
    byId<HTMLButtonElement>("paste-use").disabled = paste.value.trim() === "";
  });
  on("paste-use", () => takeFiles("pasted rows", [pastedFile(paste.value)]));
  on("provisions", () => attempt("documents", async () => taken(await client.ask("provisions", { site }))));
  for (const id of ["files", "folder"]) {
    const input = byId<HTMLInputElement>(id);
    on(`${id}-choose`, () => input.click());
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])].map((file) => ({
        name: file.webkitRelativePath || file.name,
        blob: file,
      }));
      if (files.length > 0) takeFiles(files.length === 1 ? (files[0]?.name ?? "") : `${files.length} files`, files);
      input.value = "";
    });
  }
  const drop = byId("drop");
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const files = event.dataTransfer ? await filesOf(event.dataTransfer) : [];
    if (files.length > 0) takeFiles(files.length === 1 ? (files[0]?.name ?? "") : `${files.length} files`, files);
  });

  const modelFiles = byId<HTMLInputElement>("model-files");
  on("model-choose", () => modelFiles.click());
  modelFiles.addEventListener("change", () => {
    const files = [...(modelFiles.files ?? [])];
    const [folder = "model"] = (files[0]?.webkitRelativePath ?? "").split("/").filter(Boolean);
    if (files.length > 0) takeModel(folder, modelFilesOf(files));
    modelFiles.value = "";
  });
  for (const radio of document.querySelectorAll<HTMLInputElement>("input[name=model]"))
    radio.addEventListener("change", () => {
      if (radio.value === "embedded") takeEmbedded();
      else modelFiles.click();
    });

  on("plan-run", () =>
    attempt("plan", async () => {
      const choice = choiceOf(current());
      return choice ? { plan: await client.ask("plan", choice), planning: undefined } : {};
    }),
  );
  on("train", () => {
    const choice = choiceOf(current());
    if (choice) train(choice, false);
  });
  on("pause", () => {
    const isPaused = current().run?.state === "paused";
    client.ask(isPaused ? "proceed" : "pause", undefined);
    change(({ run }) => (run ? { run: { ...run, state: isPaused ? "running" : "paused" } } : {}));
  });
  on("stop", () => {
    client.ask("stop", undefined);
    change(({ run }) => (run ? { run: { ...run, state: "stopping" } } : {}));
  });
  on("earlier-resume", () => {
    const { earlier } = current();
    if (earlier) train(earlier.choice, true);
  });
  on("earlier-forget", () => change({ earlier: undefined }));
  on("get-adapter", () => get("adapter"));
  on("get-recipe", () => get("recipe"));
  on("get-onnx", () => get("onnx"));
  on("try", () =>
    attempt("try", async () => {
      const texts = byId<HTMLTextAreaElement>("sentences").value.split("\n").filter((line) => line.trim() !== ""); // biome-ignore format: a chain
      return texts.length > 0 ? { tried: await client.ask("try", { texts }) } : {};
    }),
  );
  on("forget", async () => {
    client.end();
    client = startClient(hear);
    await client.ask("forget", undefined);
    location.reload();
  });
}

/** The files of a model's folder that are read, with their paths in it. */
const modelFilesOf = (files: readonly File[]): NamedFile[] =>
  files
    .filter(({ name }) => /\.(json|safetensors|gguf|txt|model|jinja)$/.test(name))
    .map((file) => ({ name: file.webkitRelativePath.split("/").slice(1).join("/") || file.name, blob: file }));

const takeModel = (name: string, files: readonly NamedFile[]): Promise<void> =>
  attempt("model", async () => {
    const model = await client.ask("model", { name, files });
    return { model, usual: await client.ask("usual", { model, method: current().method }), ...unplanned };
  });

const takeEmbedded = (): Promise<void> =>
  attempt("model", async () => {
    const model = await client.ask("embedded", { site });
    return { model, usual: await client.ask("usual", { model, method: current().method }), ...unplanned };
  });

function engineView({ engine, earlier }: State, before?: State): void {
  if (engine && engine !== before?.engine) {
    const threads = engine.isolated
      ? `${engine.threads} threads.`
      : "One thread only: the server of this page does not isolate it from others, so that training takes longer.";
    setText("engine", `lowrank ${engine.version}, ${threads}`);
  }
  if (earlier === before?.earlier && before) return;
  byId("earlier").hidden = !earlier;
  if (earlier)
    setText(
      "earlier-text",
      `A run on ${earlier.choice.documents.name} was not finished. Its checkpoint is at step ${earlier.step}.`,
    );
}

async function start(): Promise<void> {
  if (!(await isolated())) return; // the page is being loaded again
  client = startClient(hear);
  listen();
  showThrough([engineView, documentsView(choose), settingsView0, planView, trainingView, resultView, problemsView]);
  const engine = await client.ask("engine", undefined);
  change({ engine });
  drawSettings(current(), chooseMethod, (key, text) =>
    change(({ fields }) => ({ fields: { ...fields, [key]: text }, ...unplanned })),
  );
  const earlier = await client.ask("earlier", undefined);
  change({ busy: undefined, earlier });
  if (!earlier) await takeEmbedded();
  await keepOffline();
}

/** The settings, once they are drawn. */
function settingsView0(now: State, before?: State): void {
  if (now.engine && byId("settings").childElementCount > 0) settingsView(now, before);
}

start();
