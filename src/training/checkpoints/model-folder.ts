import { listFiles, removeFolder, writeFilesTogether } from "#platform";
import { MANIFEST, readManifest, writeManifest } from "./manifest.ts";

/**
 * Writes a trained model into a folder that may hold other files: all of its files are written beside them and flushed before the
 * first is moved in, and the manifest comes last. Files of an earlier model that the new one does not have go: `adapter_model`
 * beside a new `model.safetensors` would be taken for its adapter.
 * @param write Fills a folder with the model's files.
 * @throws {FileError} when the disk refuses; an earlier model is untouched then, unless files were being moved.
 */
export async function writeModelFolder(
  folder: string,
  step: number,
  write: (staging: string) => Promise<void>,
): Promise<void> {
  const earlier = await readManifest(folder);
  let written: readonly string[] = [];
  await writeFilesTogether(folder, MANIFEST, async (staging) => {
    await write(staging);
    await writeManifest(staging, step);
    written = await listFiles(staging);
  });
  const stale = typeof earlier === "string" ? [] : Object.keys(earlier.files);
  for (const name of stale) if (!written.includes(name)) await removeFolder(`${folder}/${name}`);
}
