import { exists, listFiles, listFolder, removeFolder, writeFilesTogether } from "#platform";
import { ADAPTER_CONFIG, HEAD_CONFIG, INDEX, MLX_ADAPTER } from "../../formats/safetensors/file-names.ts";
import { FILES } from "../../formats/sentence-transformers/modules.ts";
import { METHOD_DEFINITIONS } from "../../methods/index.ts";
import { MANIFEST, readManifest, writeManifest } from "./manifest.ts";

/** Files of weights, by which a folder is taken for a model or an adapter. */
const WEIGHTS = [
  ...new Set(Object.values(METHOD_DEFINITIONS).flatMap(({ weightFiles }) => weightFiles)),
  INDEX,
  MLX_ADAPTER,
];

/** Files that say how those of weights are read. */
const SETTINGS = [ADAPTER_CONFIG, HEAD_CONFIG, "config.json", FILES.modules];

/** Names of the files that make a folder a model or an adapter, whoever wrote it. Empty when it is none. */
export async function modelFiles(folder: string): Promise<string[]> {
  const manifest = await readManifest(folder);
  const names = (await exists(folder)) ? await listFolder(folder) : [];
  const weights = names.filter((name) => WEIGHTS.includes(name));
  const found = weights.length > 0 ? [...weights, ...names.filter((name) => SETTINGS.includes(name))] : [];
  return [...new Set([...(typeof manifest === "string" ? [] : Object.keys(manifest.files)), ...found])];
}

/**
 * Writes a trained model into a folder that may hold other files: all of its files are written beside them and flushed before the
 * first is moved in, and the manifest comes last. Files of an earlier model that the new one does not have go, also where
 * another library wrote it: `adapter_model` beside a new `model.safetensors` would be taken for its adapter.
 * @param write Fills a folder with the model's files.
 * @throws {FileError} when the disk refuses; an earlier model is untouched then, unless files were being moved.
 */
export async function writeModelFolder(
  folder: string,
  step: number,
  write: (staging: string) => Promise<void>,
): Promise<void> {
  const earlier = await modelFiles(folder);
  let written: readonly string[] = [];
  await writeFilesTogether(folder, MANIFEST, async (staging) => {
    await write(staging);
    await writeManifest(staging, step);
    written = await listFiles(staging);
  });
  for (const name of earlier) if (!written.includes(name)) await removeFolder(`${folder}/${name}`);
}
