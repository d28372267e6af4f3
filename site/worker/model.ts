/** The base model: the encoder that the page serves, or a folder of the user. */
import { loadModel } from "lowrank";
import type { ModelChoice, NamedFile } from "../protocol.ts";
import { PATHS, remove, store } from "./files.ts";

/** Files of the embedded encoder. */
const EMBEDDED = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"] as const;

/** Stores a model in place of an earlier one, and opens it. @throws {LowrankError} when it is not usable. */
export async function storeModel(name: string, files: readonly NamedFile[]): Promise<ModelChoice> {
  await remove(PATHS.model);
  for (const file of files) await store(`${PATHS.model}/${file.name}`, file.blob);
  await loadModel(PATHS.model, { taskType: "SEQ_CLS" });
  return { kind: "folder", name };
}

/** Stores the embedded encoder. @param site Address of the page's folder. */
export async function storeEmbedded(site: string): Promise<ModelChoice> {
  const files = EMBEDDED.map(async (name) => {
    const response = await fetch(new URL(`model/${name}`, site));
    return { name, blob: await response.blob() };
  });
  return { ...(await storeModel("embedded", await Promise.all(files))), kind: "embedded" };
}
