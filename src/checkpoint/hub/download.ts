import { exists, linkFile, makeFolder, writeChunksAtomic, writeTextAtomic } from "../../platform/node.ts";
import { modelCache } from "./cache.ts";
import { checked } from "./checked.ts";
import { chooseFiles } from "./choose-files.ts";
import { type HubFile, isDigest, isSize, listRevision } from "./listing.ts";
import { strange, type Wish } from "./refusals.ts";
import { type Answer, type HubClient, hubClient } from "./request.ts";
import { hubSettings } from "./settings.ts";

/** How far a download is. */
export interface DownloadProgress {
  /** The model's id. */
  readonly model: string;
  /** The file at hand. */
  readonly file: string;
  /** Received of all its files; those that were in the cache already do not count. */
  readonly bytes: number;
  /** Undefined where the Hub does not say. */
  readonly totalBytes: number | undefined;
}

/** How a download is followed, and ended. */
export interface FollowOptions {
  /** Called before the first byte and whenever there are more. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Aborting it ends the download; files that are complete are kept. */
  readonly signal?: AbortSignal;
}

/** How a model is downloaded. */
export interface DownloadOptions extends FollowOptions {
  /** Default true; false leaves out the weights. */
  readonly weights?: boolean;
}

/** Bytes in the cache, and the name that a snapshot has for them. */
interface Stored {
  readonly name: string;
  readonly blob: string;
  /** Whether they were not there before: no other snapshot can need them. */
  readonly isNew: boolean;
}

/**
 * Downloads a model or adapter into the cache that Python's huggingface_hub has, and returns its snapshot's folder.
 * Each file is checked against the Hub's size and hash and appears whole; the snapshot is put together when all of them are
 * there, and the revision's name comes last. What is there already is not fetched again.
 *
 * @throws {CheckpointError} when the Hub cannot be reached, refuses, or sends what is not what it lists; when the
 *   repository holds no model that can be read. @throws {FileError} when the cache cannot be written.
 * @throws {InterruptedError} when aborted.
 */
export async function downloadSnapshot(wish: Wish, options: DownloadOptions = {}): Promise<string> {
  const { signal, weights = true } = options;
  const settings = await hubSettings();
  const client = hubClient(settings, wish, signal);
  const { commit, files } = await listRevision(client);
  const listed = new Map(files.map((file) => [file.name, file]));
  const chosen = chooseFiles([...listed.keys()], { where: `${settings.endpoint}/${wish.id}`, weights });

  const root = modelCache(wish.id);
  const snapshot = `${root}/snapshots/${commit}`;
  const absent: HubFile[] = [];
  for (const name of chosen) if (!(await exists(`${snapshot}/${name}`))) absent.push(listed.get(name)!);
  await makeFolder(`${root}/blobs`);
  const stored = await storeAll(client, commit, absent, options);
  await makeFolder(snapshot);
  for (const [i, { name, blob, isNew }] of stored.entries()) {
    const mayMove = isNew && !stored.slice(i + 1).some((later) => later.blob === blob);
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
  { onProgress }: DownloadOptions,
): Promise<Stored[]> {
  const blobs = `${modelCache(client.wish.id)}/blobs`;
  const stored: Stored[] = [];
  const lacking: HubFile[] = [];
  for (const file of files) {
    const { name, digest } = file;
    const blob = `${blobs}/${digest}`;
    if (digest !== undefined && (await exists(blob))) stored.push({ name, blob, isNew: false });
    else lacking.push(file);
  }
  const total = lacking.reduce((sum, { size }) => sum + (size ?? Number.NaN), 0);
  const totalBytes = Number.isNaN(total) ? undefined : total;
  let bytes = 0;
  for (const file of lacking) {
    const tell = (more: number): void => {
      bytes += more;
      onProgress?.({ model: client.wish.id, file: file.name, bytes, totalBytes });
    };
    tell(0);
    stored.push(await store(client, commit, file, blobs, tell));
  }
  const order = files.map(({ name }) => name);
  return stored.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name)); // configurations are linked last
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
  const path = `${client.wish.id}/resolve/${commit}/${encodeURIComponent(name)}`;
  const answer = await client.get(path);
  try {
    const { etag, size, digest } = described(answer, file, commit, `${client.settings.endpoint}/${path}`);
    const blob = `${blobs}/${etag}`;
    if (await exists(blob)) return { name, blob, isNew: false };
    const what = `${name} of model ${client.wish.id}`;
    await writeChunksAtomic(
      blob,
      checked(counted(client.bytes(answer.response), tell), { size, digest }, what),
      "incomplete",
    );
    return { name, blob, isNew: true };
  } finally {
    if (!answer.response.bodyUsed) await answer.response.body?.cancel();
  }
}

/** What the answer and the list say of a file. @throws {CheckpointError} when they contradict each other. */
function described({ response, header }: Answer, file: HubFile, commit: string, where: string) {
  const said = header("x-repo-commit") ?? commit;
  if (said !== commit) throw strange(`the Hub sent ${file.name} of commit ${said}, not of ${commit}`, where);
  const given = (header("x-linked-etag") ?? header("etag"))?.replace(/^W\/|"/g, "") || file.digest;
  if (given === undefined || !/^\w[\w.-]*$/.test(given)) {
    throw strange(`the Hub gives ${file.name} no usable ETag`, where);
  }
  const { digest = given } = file;
  if (isDigest(given) && digest.length === given.length && digest !== given) {
    throw strange(`the Hub lists ${file.name} with the hash ${digest}, and sends ${given}`, where);
  }
  const sizes = [file.size, numberOf(header("x-linked-size")), numberOf(response.headers.get("content-length"))];
  return { etag: given, size: sizes.find(isSize), digest: isDigest(digest) ? digest : undefined };
}

const numberOf = (text: string | null): number | undefined => (text === null ? undefined : Number(text));

async function* counted(chunks: AsyncIterable<Uint8Array>, tell: (more: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    tell(chunk.length);
    yield chunk;
  }
}
