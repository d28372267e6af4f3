/** Files in the origin's private file system, where the package reads and writes them. */

/** Folder of all that this page stores. */
const ROOT = "lowrank";

/** Paths of the page's folders and files. */
export const PATHS = {
  documents: `/${ROOT}/documents`,
  models: `/${ROOT}/models`,
  recipe: `/${ROOT}/recipe.yaml`,
  run: `/${ROOT}/run`,
  /** What the user took and chose, and what came of it: a later visit goes on from there. */
  taken: `/${ROOT}/documents.json`,
  base: `/${ROOT}/model.json`,
  choice: `/${ROOT}/run.json`,
  outcome: `/${ROOT}/outcome.json`,
  /** The base with an untrained head, which is asked beside the adapter. */
  before: `/${ROOT}/before`,
  compared: `/${ROOT}/compared`,
  onnx: `/${ROOT}/onnx`,
} as const;

/** The folder at a path, made where it is missing. */
export async function folderAt(path: string): Promise<FileSystemDirectoryHandle> {
  let folder = await navigator.storage.getDirectory();
  for (const name of path.split("/").filter(Boolean)) folder = await folder.getDirectoryHandle(name, { create: true });
  return folder;
}

/** Stores bytes or a text at a path. */
export async function store(path: string, content: Blob | string): Promise<void> {
  const name = path.split("/").at(-1) as string;
  const folder = await folderAt(path.slice(0, -name.length));
  const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
  await stream.write(content);
  await stream.close();
}

/** The files of a folder, without those of folders in it. */
export async function filesIn(path: string): Promise<File[]> {
  const files: File[] = [];
  for await (const handle of (await folderAt(path)).values())
    if (handle.kind === "file") files.push(await (handle as FileSystemFileHandle).getFile());
  return files.sort((a, b) => a.name.localeCompare(b.name));
}

/** The files of a folder and of those in it, each with its path from there. */
export async function allFilesIn(path: string, from = ""): Promise<(readonly [path: string, file: File])[]> {
  const found: (readonly [string, File])[] = [];
  for await (const [name, handle] of (await folderAt(path)).entries()) {
    if (handle.kind === "file") found.push([`${from}${name}`, await (handle as FileSystemFileHandle).getFile()]);
    else found.push(...(await allFilesIn(`${path}/${name}`, `${from}${name}/`)));
  }
  return found;
}

/** A file's text; `undefined` when there is none. */
export async function textAt(path: string): Promise<string | undefined> {
  const name = path.split("/").at(-1) as string;
  return (await filesIn(path.slice(0, -name.length))).find((file) => file.name === name)?.text();
}

/** A new folder in a folder. Its name is a number, the larger the newer. */
export const newFolder = (above: string): string => `${above}/${Date.now()}`;

/** Removes the folders in a folder, but for those that paths lie in. */
export async function removeOthers(above: string, paths: readonly (string | undefined)[]): Promise<void> {
  const names: string[] = [];
  for await (const name of (await folderAt(above)).keys()) names.push(name);
  for (const name of names)
    if (!paths.some((path) => `${path}/`.startsWith(`${above}/${name}/`))) await remove(`${above}/${name}`);
}

/** Removes a file or folder; content when there is none. */
export async function remove(path: string): Promise<void> {
  const name = path.split("/").at(-1) as string;
  const folder = await folderAt(path.slice(0, -name.length));
  await folder.removeEntry(name, { recursive: true }).catch((error: Error) => {
    if (error.name !== "NotFoundError") throw error;
  });
}

/** A file that the page serves. @param site Address of the page's folder. @throws when its host does not have it. */
export async function served(site: string, path: string): Promise<Blob> {
  const response = await fetch(new URL(path, site));
  if (!response.ok) throw new Error(`${path}: the page's host answers ${response.status}`);
  return response.blob();
}

/** Stores a value as JSON. */
export const storeJson = (path: string, value: unknown): Promise<void> => store(path, JSON.stringify(value));

/** A stored value; `undefined` when there is none. The page that stored it was of this build or an older one. */
export async function jsonAt<Value>(path: string): Promise<Value | undefined> {
  const text = await textAt(path);
  return text === undefined ? undefined : JSON.parse(text);
}

/** Removes all that this page stored. */
export const removeAll = (): Promise<void> => remove(`/${ROOT}`);
