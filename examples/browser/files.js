/** The folder at a path of the origin's private file system, made when it is not there. */
export async function folderAt(path) {
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

/** Writes `File`s into a folder that the user picked, or one of the private file system. */
export async function writeFiles(folder, files) {
  for (const file of files) {
    const stream = await (await folder.getFileHandle(file.name, { create: true })).createWritable();
    await stream.write(file);
    await stream.close();
  }
}

/** The files of a folder, each a `File` with its name. */
export async function readFiles(path) {
  const files = [];
  for await (const handle of (await folderAt(path)).values())
    if (handle.kind === "file") files.push(await handle.getFile());
  return files;
}
