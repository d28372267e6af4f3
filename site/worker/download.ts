/** What a finished run gives: a folder as PEFT reads it, the recipe, an ONNX model. */
import { type ZipOptions, zipSync } from "fflate";
import { exportModel } from "lowrank";
import type { Download, RunChoice } from "../protocol.ts";
import { allFilesIn, jsonAt, PATHS, textAt } from "./files.ts";

/** The run's own bookkeeping, and its predictions: of no use elsewhere. */
const LEFT_OUT = ["manifest.json", "trainer_state.json", "metrics.jsonl", "eval_predictions.json"];

/** A file for the user. */
export async function download(what: Download): Promise<File> {
  const choice = (await jsonAt<RunChoice>(PATHS.choice)) as RunChoice;
  switch (what) {
    case "recipe":
      return new File([renamed((await textAt(`${PATHS.run}/recipe.yaml`)) ?? "", choice)], "recipe.yaml");
    case "adapter":
      return zipped("adapter", PATHS.run, choice);
    case "onnx":
      await exportModel({ format: "onnx", adapter: PATHS.run, model: choice.model.path, out: PATHS.onnx });
      return zipped("onnx", PATHS.onnx, choice);
    default:
      return what satisfies never;
  }
}

/** The files of a folder in one zip, with the names that people know in place of this page's paths. */
async function zipped(name: string, folder: string, choice: RunChoice): Promise<File> {
  const files = (await allFilesIn(folder)).filter(
    ([path]) => !LEFT_OUT.includes(path) && !path.startsWith("checkpoint-"),
  );
  const entries = files.map(async ([path, file]): Promise<[string, [Uint8Array, ZipOptions]]> => {
    const isText = /\.(json|md|yaml)$/.test(path) && file.name !== "tokenizer.json";
    const bytes = isText
      ? new TextEncoder().encode(renamed(await file.text(), choice))
      : new Uint8Array(await file.arrayBuffer());
    const isWeights = /\.(safetensors|onnx)$/.test(path); // they do not pack
    return [`${name}/${path}`, [bytes, { level: isWeights ? 0 : 6 }]];
  });
  const zip = zipSync(Object.fromEntries(await Promise.all(entries)));
  return new File([zip as Uint8Array<ArrayBuffer>], `${name}.zip`, { type: "application/zip" });
}

const renamed = (text: string, { model, documents }: RunChoice): string =>
  text
    .replaceAll(documents.path, dataName(documents))
    .replaceAll(model.path, model.name)
    .replaceAll(PATHS.run, "adapter")
    .replace(/^resume_from_checkpoint: true$/m, "# resume_from_checkpoint:");

/** Name that the documents have outside of this page. */
const dataName = ({ name, path }: RunChoice["documents"]): string =>
  name === "embedded" ? name : (/[^/]+\.\w+$/.exec(path)?.[0] ?? "documents");
