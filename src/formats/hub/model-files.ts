import { makeFolder, openHash, openScratchFolder, parentFolder, writeBytesAtomic } from "#platform";
import { RecipeError } from "../../errors.ts";
import { chooseFiles } from "./choose-files.ts";
import { leadsOut } from "./unsafe-names.ts";

/**
 * Files of an adapter, or of a whole model, by name: `adapter_config.json`, `adapter_model.safetensors`, … as `Model.toFiles`
 * returns them. They must not change while they are in use.
 */
export type ModelFiles = Readonly<Record<string, Uint8Array>>;

/** Folder or Hub id of an adapter or a whole model, or its files themselves. */
export type AdapterSource = string | ModelFiles;

/** An adapter under a name that {@link resolveModelFolder} takes. */
export interface NamedAdapter {
  readonly name: string;
  /** Removes what was written for it. Its name is no longer valid then. */
  release(): Promise<void>;
}

/** Name of a file in a folder of a model, or in that of a pooling module. */
const FILE = /^(?:\d_Pooling\/)?[\w.-]{1,200}$/;
/** Stands for the files in messages. */
const WHERE = "the adapter's files";

/**
 * Gives files a name: those that this library reads are written into a scratch folder. A name stays as it is.
 * @throws {RecipeError} for anything but bytes under names of files. @throws {CheckpointError} when they hold no model, or only pickles.
 */
export async function namedAdapter(source: AdapterSource): Promise<NamedAdapter> {
  if (typeof source === "string") return { name: source, release: async () => {} };
  const chosen = chooseFiles(checkedNames(source), { where: WHERE });
  const scratch = await openScratchFolder();
  const folder = `${scratch.path}/adapter`; // which messages and reports show
  try {
    for (const name of chosen) {
      await makeFolder(parentFolder(`${folder}/${name}`));
      await writeBytesAtomic(`${folder}/${name}`, source[name] as Uint8Array);
    }
  } catch (error) {
    await scratch.remove();
    throw error;
  }
  return { name: folder, release: () => scratch.remove() };
}

function checkedNames(files: ModelFiles): string[] {
  if (typeof files !== "object" || files === null) throw refused(`it is ${files === null ? "null" : typeof files}`);
  for (const [name, bytes] of Object.entries<unknown>(files)) {
    const shown = JSON.stringify(name);
    if (!FILE.test(name) || leadsOut(name)) throw refused(`${shown} is not the name of a file in it`);
    if (bytes instanceof Uint8Array) continue;
    const hint = typeof bytes === "string" ? "new TextEncoder().encode(text) gives the bytes of a text." : undefined;
    throw refused(`${shown} is ${bytes === null ? "null" : typeof bytes} instead of bytes`, hint);
  }
  return Object.keys(files);
}

const refused = (why: string, hint?: string): RecipeError =>
  new RecipeError(`the adapter cannot be read: ${why}`, {
    where: "adapter",
    expected:
      'a folder, a Hub id, or files: { "adapter_config.json": Uint8Array, "adapter_model.safetensors": Uint8Array }',
    ...(hint !== undefined && { hint }),
  });

/** Keys of files that were read before. */
const keys = new WeakMap<ModelFiles, Promise<string>>();

/** A key of files: the same for the same content. */
export function keyOfFiles(files: ModelFiles): Promise<string> {
  const known = keys.get(files) ?? hashed(files);
  keys.set(files, known);
  return known;
}

async function hashed(files: ModelFiles): Promise<string> {
  const hash = openHash("sha256");
  for (const name of checkedNames(files).sort()) {
    const bytes = files[name] as Uint8Array;
    hash.update(new TextEncoder().encode(`${name} ${bytes.length}\n`));
    hash.update(bytes);
  }
  return `files ${await hash.digest()}`;
}
