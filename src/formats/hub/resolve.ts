import { exists, hubCacheFolder, isFolder, listFolder, ownPath } from "#platform";
import { CheckpointError } from "../../errors.ts";
import { shownAddress } from "./address.ts";
import { cachedSnapshot, isWhole, refuseLinksOut } from "./cache.ts";
import { chooseFiles } from "./choose-files.ts";
import type { FollowOptions } from "./download.ts";
import { named, pythonDownload, type Wish } from "./refusals.ts";
import { isOffline } from "./settings.ts";
import { leadsOut } from "./unsafe-names.ts";

/** `name` or `organisation/name`, as the Hub allows them: up to 96 characters each. */
const HUB_ID = /^(?:[\w.-]{1,96}\/)?[\w.-]{1,96}$/;
/** True when a name may be that of a repository. */
export const mayBeHubId = (name: string): boolean => HUB_ID.test(name) && !/(^|\/)[.-]|--|\.\./.test(name);

/** The name of the model that comes with the library. */
const EMBEDDED = "embedded";

/** True for `https://…`, and what else has a protocol. */
const ADDRESS = /^[a-z][a-z\d+.-]+:\/\//i;
/** Most bytes of an address: it names a folder of the cache, in which `/` takes three. */
const ADDRESS_BYTES = 255;

/** Options for downloading a model. */
export interface DownloadOptions extends FollowOptions {
  /** Default true; false leaves out the weights. */
  readonly weights?: boolean;
}

/**
 * The local folder of a model or adapter: the folder itself, that of the embedded model, or the snapshot of a Hub id, or of
 * an address, in the local cache, into which it is downloaded when it is not there.
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
  const { weights = true } = options;
  const address = ADDRESS.test(nameOrPath) ? checkedAddress(nameOrPath) : undefined;
  const wish: Wish = address
    ? { kind: "address", id: address, revision: "main" }
    : { kind: "model", id: nameOrPath, revision };
  const [parent] = nameOrPath.split("/");
  const isId = address !== undefined || mayBeHubId(nameOrPath);
  const snapshot = isId ? await cachedSnapshot(wish) : undefined;
  if (snapshot) await refuseLinksOut(wish, snapshot);
  if (snapshot && (isOffline() || (await isWhole(snapshot, weights)))) return snapshot;
  if (!isId || (!address && parent !== nameOrPath && (await isFolder(parent ?? "")))) await listFolder(nameOrPath); // names what is missing
  if (isOffline()) throw offline(wish);
  if (leadsOut(revision))
    throw new CheckpointError(`${revision} is not a revision`, { expected: "a branch, tag or commit" });
  const { downloadSnapshot } = await import("./download.ts");
  return downloadSnapshot(wish, (names, where) => chooseFiles(names, { where, weights }), options);
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

/** The refusal where downloads are switched off. */
export const offline = (wish: Wish): CheckpointError =>
  new CheckpointError(`${named(wish)} (revision ${wish.revision}) is neither a folder nor in the local cache`, {
    where: hubCacheFolder(),
    expected: "a local folder, or one of the Hub that is already downloaded; HF_HUB_OFFLINE prevents downloads",
    hint: `unset HF_HUB_OFFLINE, or run ${pythonDownload(wish)} on another machine and copy its cache folder.`,
  });

/** The address of a model's folder. @throws {CheckpointError} for a page of the Hub, and what names no folder of a server. */
function checkedAddress(address: string): string {
  const id = /^https?:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\/([\w.-]+\/[\w.-]+)/i.exec(address)?.[1];
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isFolder =
    url && /^https?:$/.test(url.protocol) && `${url.username}${url.password}${url.search}${url.hash}` === "";
  const folder = url?.href.replace(/\/+$/, "") ?? "";
  if (id === undefined && isFolder && encodeURIComponent(folder).length <= ADDRESS_BYTES) return folder;
  throw new CheckpointError(`${shownAddress(address)} is not the address of a model`, {
    expected:
      "https://…/folder with the files that lowrank saved, a local folder, or organisation/name as on the model's page on the Hub",
    hint: id ? `use ${id}.` : "to use another server with the Hub's interface, set HF_ENDPOINT.",
  });
}
