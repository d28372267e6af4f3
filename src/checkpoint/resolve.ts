import { CheckpointError } from "../errors.ts";
import { exists, hubCacheFolder, isFolder, listFolder, ownPath, readText } from "../platform/node.ts";

/** `name` or `organisation/name`, as the Hub allows them. */
const HUB_ID = /^(?:[\w.-]+\/)?[\w.-]+$/;
/** The name of the model that comes with the library. */
const EMBEDDED = "embedded";
const COMMIT = /^[0-9a-f]{40}$/;

/**
 * The local folder of a model or adapter: the folder itself, that of the embedded model, or the snapshot of a Hub id in the
 * local cache.
 * The one place where a name becomes files, and so where downloading belongs.
 *
 * @param revision Branch, tag or commit; used with a Hub id only.
 * @throws {CheckpointError} when a Hub id is not in the cache.
 * @throws {FileError} when a path does not exist.
 */
export async function resolveModelFolder(nameOrPath: string, revision = "main"): Promise<string> {
  if (nameOrPath === EMBEDDED) return ownPath("foundation/model");
  if (await isFolder(nameOrPath)) return nameOrPath;
  if (await exists(nameOrPath)) {
    throw new CheckpointError(`${nameOrPath} is a file`, { expected: "a folder with config.json and its weights" });
  }
  const [parent] = nameOrPath.split("/");
  const isId = HUB_ID.test(nameOrPath) && !/(^|\/)[.-]|--|\.\./.test(nameOrPath);
  const snapshot = isId ? await cachedSnapshot(nameOrPath, revision) : undefined;
  if (snapshot) return snapshot;
  if (!isId || (parent !== nameOrPath && (await isFolder(parent ?? "")))) await listFolder(nameOrPath); // names what is missing
  throw new CheckpointError(`model ${nameOrPath} (revision ${revision}) is neither a folder nor in the local cache`, {
    where: hubCacheFolder(),
    expected: "a local folder, or a Hub model that has been downloaded: downloading is not available yet",
    hint: `hf download ${nameOrPath} --revision ${revision}   puts it where it is looked for.`,
  });
}

/** Layout: `models--org--name/refs/<revision>` names a commit, `snapshots/<commit>/` holds its files. */
async function cachedSnapshot(id: string, revision: string): Promise<string | undefined> {
  const root = `${hubCacheFolder()}/models--${id.replace("/", "--")}`;
  const ref = `${root}/refs/${revision}`;
  if (revision.split(/[/\\]/).includes("..")) return undefined;
  const commit = (await exists(ref)) ? (await readText(ref)).trim() : revision;
  const snapshot = `${root}/snapshots/${commit}`;
  return COMMIT.test(commit) && (await isFolder(snapshot)) ? snapshot : undefined;
}
