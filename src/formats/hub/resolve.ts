import { exists, hubCacheFolder, isFolder, listFolder, ownPath } from "#platform";
import { CheckpointError } from "../../errors.ts";
import { cachedSnapshot, isWhole, refuseLinksOut } from "./cache.ts";
import type { DownloadOptions, FollowOptions } from "./download.ts";
import { isOffline } from "./settings.ts";
import { leadsOut } from "./unsafe-names.ts";

/** `name` or `organisation/name`, as the Hub allows them: up to 96 characters each. */
const HUB_ID = /^(?:[\w.-]{1,96}\/)?[\w.-]{1,96}$/;
/** The name of the model that comes with the library. */
const EMBEDDED = "embedded";

/**
 * The local folder of a model or adapter: the folder itself, that of the embedded model, or the snapshot of a Hub id in the
 * local cache, into which it is downloaded when it is not there.
 * The one place where a name becomes files.
 *
 * @param revision Branch, tag or commit; used with a Hub id only.
 * @throws {CheckpointError} when a Hub id is not in the cache and cannot be downloaded.
 * @throws {FileError} when a path does not exist.
 */
export async function resolveModelFolder(
  nameOrPath: string,
  revision = "main",
  options: DownloadOptions = {},
): Promise<string> {
  if (nameOrPath === EMBEDDED) return ownPath("foundation/model");
  if (await isFolder(nameOrPath)) return nameOrPath;
  if (await exists(nameOrPath)) {
    throw new CheckpointError(`${nameOrPath} is a file`, { expected: "a folder with config.json and its weights" });
  }
  if (/^[a-z][a-z\d+.-]+:\/\//i.test(nameOrPath)) throw addressRefused(nameOrPath);
  const [parent] = nameOrPath.split("/");
  const isId = HUB_ID.test(nameOrPath) && !/(^|\/)[.-]|--|\.\./.test(nameOrPath);
  const snapshot = isId ? await cachedSnapshot(nameOrPath, revision) : undefined;
  if (snapshot) await refuseLinksOut(nameOrPath, snapshot);
  if (snapshot && (isOffline() || (await isWhole(snapshot, options.weights ?? true)))) return snapshot;
  if (!isId || (parent !== nameOrPath && (await isFolder(parent ?? "")))) await listFolder(nameOrPath); // names what is missing
  if (isOffline()) throw offline(nameOrPath, revision);
  if (leadsOut(revision))
    throw new CheckpointError(`${revision} is not a revision`, { expected: "a branch, tag or commit" });
  const { downloadSnapshot } = await import("./download.ts");
  return downloadSnapshot({ id: nameOrPath, revision }, options);
}

/** Options of {@link downloadModel}. */
export interface DownloadModelOptions extends FollowOptions {
  /** Branch, tag or commit. Default `main`. */
  readonly revision?: string;
}

/**
 * Downloads a model or adapter of the Hub into the local cache, unless it is there, and returns its folder. The functions that
 * take a Hub id do so by themselves; this one says how far it is, and can be stopped.
 * @throws {LowrankError} as they do, when it does not exist, may not be had, or there is no network.
 */
export const downloadModel = (
  nameOrPath: string,
  { revision, ...options }: DownloadModelOptions = {},
): Promise<string> => resolveModelFolder(nameOrPath, revision, options);

const offline = (id: string, revision: string): CheckpointError =>
  new CheckpointError(`model ${id} (revision ${revision}) is neither a folder nor in the local cache`, {
    where: hubCacheFolder(),
    expected: "a local folder, or a Hub model that is already downloaded; HF_HUB_OFFLINE prevents downloads",
    hint: `unset HF_HUB_OFFLINE, or run hf download ${id} --revision ${revision} on another machine and copy its cache folder.`,
  });

function addressRefused(address: string): CheckpointError {
  const id = /^https?:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\/([\w.-]+\/[\w.-]+)/i.exec(address)?.[1];
  return new CheckpointError(`${address} is an address, not a model`, {
    expected: "a local folder, or organisation/name as on the model's page on the Hub",
    hint: id ? `use ${id}.` : "to use another server with the Hub's interface, set HF_ENDPOINT.",
  });
}
