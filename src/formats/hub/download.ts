import {
  fileSize,
  linkFile,
  makeFolder,
  parentFolder,
  readChunks,
  removeStale,
  writeChunksAtomic,
  writeTextAtomic,
} from "#platform";
import { LowrankError } from "../../errors.ts";
import { repositoryCache } from "./cache.ts";
import { checked } from "./checked.ts";
import { type HubFile, isDigest, isSize, listManifest, listRevision } from "./listing.ts";
import { named, repositoryPath, strange, type Wish } from "./refusals.ts";
import { type HubClient, hubClient, type Reply } from "./request.ts";
import { addressSettings, hubSettings } from "./settings.ts";
import { etagOf, fileBytes } from "./transfer.ts";

/** Most bytes of a configuration or a tokenizer; the largest in use have some 40 MB. */
const PLAIN_BYTES = 2 ** 28;
/** Names that a file in `blobs/` may have; hashes, as a rule. */
const ETAG = /^\w[\w.-]{0,127}$/;
/** Ending of a file that is not complete yet. */
const INCOMPLETE = "incomplete";
/** Milliseconds without a byte after which such a file belongs to no process: time-outs and pauses are far shorter. */
const STALE_MS = 3_600_000;

/** Progress of a download. */
export interface DownloadProgress {
  /** Id of the model or data set. */
  readonly model: string;
  /** The file at hand; empty while the list of files is waited for. */
  readonly file: string;
  /** Received of all its files; those that were in the cache already do not count. */
  readonly bytes: number;
  /** Undefined where the Hub does not say. */
  readonly totalBytes: number | undefined;
  /** Reason for a pause: a server that does not answer, or that is asked again after a pause. */
  readonly waitingFor?: string;
}

/** Options for following and ending a download. */
export interface FollowOptions {
  /** Called before the first byte and whenever there are more. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Aborting it ends the download; files that are complete are kept. */
  readonly signal?: AbortSignal;
}

/** Chooses the files of a repository, in the order of their download. @param where The repository, for messages. */
export type ChooseFiles = (names: readonly string[], where: string) => readonly string[];

/** Bytes in the cache, and the name that a snapshot has for them. */
interface Stored {
  readonly name: string;
  readonly blob: string;
  /** True when they are new: no other snapshot can need them. */
  readonly isNew: boolean;
}

/**
 * Downloads files of a repository into the cache that Python's huggingface_hub has, and returns its snapshot's folder.
 * Each file is checked against the Hub's size and hash and appears whole; the snapshot is put together when all of them are
 * there, and the revision's name comes last. What is there already is not fetched again.
 *
 * @throws {CheckpointError} when the Hub cannot be reached, refuses, or sends what is not what it lists. @throws what `choose`
 *   does. @throws {FileError} when the cache cannot be written. @throws {InterruptedError} when aborted.
 */
export async function downloadSnapshot(
  wish: Wish,
  choose: ChooseFiles,
  { signal, onProgress = () => {} }: FollowOptions = {},
): Promise<string> {
  const isAddress = wish.kind === "address";
  const settings = isAddress ? addressSettings(wish.id, await hubSettings()) : await hubSettings();
  let last: DownloadProgress = { model: wish.id, file: "", bytes: 0, totalBytes: undefined };
  const follow = (progress: DownloadProgress): void => {
    last = progress;
    onProgress(progress);
  };
  const onWait = (waitingFor: string): void => onProgress({ ...last, waitingFor });
  const client = hubClient(settings, wish, { signal, onWait });
  const { commit, files } = await (isAddress ? listManifest : listRevision)(client);
  const listed = new Map(files.map((file) => [file.name, file]));
  const chosen = choose([...listed.keys()], `${settings.endpoint}/${repositoryPath(wish)}`);

  const root = repositoryCache(wish);
  const snapshot = `${root}/snapshots/${commit}`;
  const absent: HubFile[] = [];
  for (const name of chosen) {
    const [file, found] = [listed.get(name)!, await fileSize(`${snapshot}/${name}`)];
    if (found === undefined || found !== (file.size ?? found)) absent.push(file);
  }
  await makeFolder(`${root}/blobs`);
  await removeStale(`${root}/blobs`, INCOMPLETE, STALE_MS);
  const stored = await storeAll(client, commit, absent, follow);
  await makeFolder(snapshot);
  for (const [i, { name, blob, isNew }] of stored.entries()) {
    const mayMove = isNew && !stored.slice(i + 1).some((later) => later.blob === blob);
    await makeFolder(parentFolder(`${snapshot}/${name}`));
    await linkFile(blob, `${snapshot}/${name}`, { mayMove });
  }
  if (wish.revision !== commit) await nameRevision(`${root}/refs/${wish.revision}`, commit);
  return snapshot;
}

async function nameRevision(ref: string, commit: string): Promise<void> {
  await makeFolder(ref.slice(0, ref.lastIndexOf("/")));
  await writeTextAtomic(ref, commit);
}

/** Fetches the files whose bytes are not in the cache, one after the other. */
async function storeAll(
  client: HubClient,
  commit: string,
  files: readonly HubFile[],
  onProgress: (progress: DownloadProgress) => void,
): Promise<Stored[]> {
  const blobs = `${repositoryCache(client.wish)}/blobs`;
  const stored: Stored[] = [];
  const lacking: HubFile[] = [];
  for (const file of files) {
    const { name, digest } = file;
    const blob = `${blobs}/${digest}`;
    if (digest !== undefined && (await isIntact(blob, file, client.wish))) stored.push({ name, blob, isNew: false });
    else lacking.push(file);
  }
  const total = lacking.reduce((sum, { size }) => sum + (size ?? Number.NaN), 0);
  const totalBytes = Number.isNaN(total) ? undefined : total;
  let bytes = 0;
  for (const file of lacking) {
    const tell = (more: number): void => {
      bytes += more;
      onProgress({ model: client.wish.id, file: file.name, bytes, totalBytes });
    };
    tell(0);
    stored.push(await store(client, commit, file, blobs, tell));
  }
  const order = files.map(({ name }) => name);
  return stored.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name)); // configurations are linked last
}

/** True when there are the bytes of that file: those of a blob may have been damaged since they were received. */
async function isIntact(blob: string, { name, size, digest }: HubFile, wish: Wish): Promise<boolean> {
  const found = await fileSize(blob);
  if (found === undefined || (size !== undefined && size !== found)) return false;
  try {
    for await (const _ of checked(readChunks(blob), { name, size: found, digest }, named(wish)));
    return true;
  } catch (error) {
    if (error instanceof LowrankError) return false;
    throw error;
  }
}

/** One file, whole and checked, under the name that Python gives its bytes: the ETag. */
async function store(
  client: HubClient,
  commit: string,
  file: HubFile,
  blobs: string,
  tell: (more: number) => void,
): Promise<Stored> {
  const { name } = file;
  const folder = client.wish.kind === "address" ? "" : `${repositoryPath(client.wish)}/resolve/${commit}/`;
  const path = `${folder}${name.split("/").map(encodeURIComponent).join("/")}`;
  const reply = await client.get(path);
  try {
    const { etag, size, digest } = described(reply, file, commit, {
      where: `${client.settings.endpoint}/${path}`,
      kind: client.wish.kind,
    });
    const blob = `${blobs}/${etag}`;
    if (await isIntact(blob, { name, size, ...(digest !== undefined && { digest }) }, client.wish)) {
      return { name, blob, isNew: false };
    }
    const chunks = counted(fileBytes(client, path, reply, size), tell);
    await writeChunksAtomic(blob, checked(chunks, { name, size, digest }, named(client.wish)), INCOMPLETE);
    return { name, blob, isNew: true };
  } finally {
    reply.end();
  }
}

/** Size and hash of a file according to response and listing. @throws {CheckpointError} when they contradict each other. */
function described(
  reply: Reply,
  file: HubFile,
  commit: string,
  { where, kind }: { where: string; kind: Wish["kind"] },
) {
  const { response } = reply;
  const isOfHub = kind !== "address" && !(reply.isFromElsewhere && isDigest(file.digest));
  const header = (name: string): string | null => (isOfHub ? reply.header(name) : null);
  const sentCommit = header("x-repo-commit");
  if (isOfHub && sentCommit === null)
    throw strange(`the response for ${file.name} does not come from the Hub: it names no commit`, where);
  if (isOfHub && sentCommit !== commit)
    throw strange(`the Hub sent ${file.name} of commit ${sentCommit}, not of ${commit}`, where);
  if (response.status !== 200) {
    throw strange(
      `the Hub sent status ${response.status} for ${file.name}, although the whole file was requested`,
      where,
    );
  }
  const sentHash = (isOfHub ? etagOf(reply) : undefined) ?? file.digest;
  if (sentHash === undefined || !ETAG.test(sentHash))
    throw strange(`the Hub sent no usable ETag for ${file.name}`, where);
  const { digest = sentHash } = file;
  if (isDigest(sentHash) && digest.length === sentHash.length && digest !== sentHash) {
    throw strange(`the Hub lists ${file.name} with the hash ${digest}, but sent ${sentHash}`, where);
  }
  const sizes = [file.size, numberOf(header("x-linked-size")), numberOf(response.headers.get("content-length"))];
  const size = sizes.find(isSize);
  if (size === undefined) throw strange(`the Hub sent no size for ${file.name}`, where);
  if (kind === "model" && !file.name.endsWith(".safetensors") && size > PLAIN_BYTES) {
    throw strange(`the Hub lists ${file.name} with ${size} bytes; the limit for such a file is ${PLAIN_BYTES}`, where);
  }
  return { etag: sentHash, size, digest: isDigest(digest) ? digest : undefined };
}

const numberOf = (text: string | null): number | undefined => (text === null ? undefined : Number(text));

async function* counted(chunks: AsyncIterable<Uint8Array>, tell: (more: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    tell(chunk.length);
    yield chunk;
  }
}
