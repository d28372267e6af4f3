/** Listeners of the page's controls. */
import type { Download, NamedFile } from "../protocol.ts";
import * as acts from "./acts.ts";
import { pastedFile } from "./documents.ts";
import { byId } from "./dom.ts";
import { filesOf } from "./host.ts";
import { current } from "./store.ts";
import { showCurve } from "./training.ts";

const on = (id: string, act: () => unknown): void => byId(id).addEventListener("click", act);

/** Connects every control with what it does. */
export function listen(): void {
  listenToDocuments();
  listenToModel();
  on("plan-run", acts.plan);
  on("train", acts.train);
  on("pause", acts.pauseOrProceed);
  on("stop", acts.stop);
  on("resume", acts.resume);
  on("discard", acts.discard);
  for (const what of ["adapter", "recipe", "onnx"] satisfies Download[]) on(`get-${what}`, () => acts.get(what));
  on("try", () => {
    const lines = byId<HTMLTextAreaElement>("sentences").value.split("\n");
    acts.tryTexts(lines.filter((line) => line.trim() !== ""));
  });
  on("compare", acts.compare);
  on("compare-stop", acts.stopComparing);
  on("forget", acts.forget);
  addEventListener("resize", () => showCurve(current().run));
}

function listenToDocuments(): void {
  const paste = byId<HTMLTextAreaElement>("paste");
  on("paste-use", () => acts.takeFiles([pastedFile(paste.value)], "pasted rows"));
  on("provisions", acts.takeProvisions);
  for (const id of ["files", "folder"]) {
    const input = byId<HTMLInputElement>(id);
    on(`${id}-choose`, () => input.click());
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])].map((file) => ({
        name: file.webkitRelativePath || file.name,
        blob: file,
      }));
      if (files.length > 0) acts.takeFiles(files);
      input.value = ""; // so that the same file can be chosen again
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
    if (files.length > 0) acts.takeFiles(files);
  });
}

function listenToModel(): void {
  const input = byId<HTMLInputElement>("model-files");
  on("model-embedded", acts.takeEmbedded);
  on("model-choose", () => input.click());
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    const folder = files[0]?.webkitRelativePath.split("/")[0];
    if (files.length > 0) acts.takeModel(folder || "my model", modelFilesOf(files));
    input.value = "";
  });
}

/** The files of a model's folder that are read, with their paths in it. */
const modelFilesOf = (files: readonly File[]): NamedFile[] =>
  files
    .filter(({ name }) => /\.(json|safetensors|gguf|txt|model|jinja)$/.test(name))
    .map((file) => ({ name: file.webkitRelativePath.split("/").slice(1).join("/") || file.name, blob: file }));
