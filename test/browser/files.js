/** The folder at a path of the origin's private file system, made when it is not there. */
async function folderAt(path) {
  let folder = await navigator.storage.getDirectory();
  for (const name of path.split("/").filter(Boolean)) folder = await folder.getDirectoryHandle(name, { create: true });
  return folder;
}

/** Stores a `File` or `Blob` at a path, such as `/models/bert/config.json`. */
export async function storeFile(path, blob) {
  const name = path.split("/").at(-1);
  const folder = await folderAt(path.slice(0, -name.length));
  const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
  await stream.write(blob);
  await stream.close();
}

/** The files of a folder, by name. */
export async function readFiles(path) {
  const files = {};
  for await (const [name, handle] of (await folderAt(path)).entries())
    if (handle.kind === "file") files[name] = await handle.getFile();
  return files;
}

/** The files of a folder and of those in it, as paths from it. */
export async function namesIn(path) {
  const names = [];
  for await (const [name, { kind }] of (await folderAt(path)).entries()) {
    if (kind === "file") names.push(name);
    else for (const inner of await namesIn(`${path}/${name}`)) names.push(`${name}/${inner}`);
  }
  return names;
}
