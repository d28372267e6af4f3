/** The base model: the encoder that the page serves, or a folder of the user. */
import { loadModel } from "lowrank";
import type { ModelChoice, NamedFile, RunChoice } from "../protocol.ts";
import { jsonAt, newFolder, PATHS, remove, removeOthers, served, store, storeJson } from "./files.ts";

/** Files of the embedded encoder. */
const EMBEDDED = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"] as const;

/** Stores a model of the user, and opens it. @throws {LowrankError} when it is not usable; an earlier one stays then. */
export const storeModel = (name: string, files: readonly NamedFile[]): Promise<ModelChoice> =>
  stored({ kind: "folder", name }, files);

/** Stores the embedded encoder. @param site Address of the page's folder. */
export async function storeEmbedded(site: string): Promise<ModelChoice> {
  const files = EMBEDDED.map(async (name) => ({ name, blob: await served(site, `model/${name}`) }));
  return stored({ kind: "embedded", name: "embedded" }, await Promise.all(files));
}

async function stored(named: Omit<ModelChoice, "path">, files: readonly NamedFile[]): Promise<ModelChoice> {
  const choice = { ...named, path: newFolder(PATHS.models) };
  try {
    for (const file of files) await store(`${choice.path}/${file.name}`, file.blob);
    await loadModel(choice.path, { taskType: "SEQ_CLS" });
    await storeJson(PATHS.base, choice);
    const last = await jsonAt<RunChoice>(PATHS.choice);
    await removeOthers(PATHS.models, [choice.path, last?.model.path]);
    return choice;
  } catch (error) {
    await remove(choice.path);
    throw error;
  }
}
