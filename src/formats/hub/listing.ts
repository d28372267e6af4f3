import { sha256Text } from "#platform";
import { CheckpointError } from "../../errors.ts";
import { isObject } from "../json/json.ts";
import { shownAddress } from "./address.ts";
import { named, strange } from "./refusals.ts";
import type { HubClient } from "./request.ts";
import { smallBody } from "./transfer.ts";

/** Bytes of a list that are read: some 130,000 files with sizes and hashes (250 bytes each). */
const LISTING_BYTES = 2 ** 25;
/** Most files of a repository, as the Hub recommends. */
const MOST_FILES = 100_000;
/** The list of files that this library writes beside a model. */
const MANIFEST = "manifest.json";

/** A file of a repository, as far as the Hub's list describes it. */
export interface HubFile {
  readonly name: string;
  readonly size?: number;
  /** SHA-256 of a large file (64 digits), or git's hash of another (40 digits). */
  readonly digest?: string;
}

/** Files of a revision when it was requested. */
export interface Listing {
  /** 40 hex digits. */
  readonly commit: string;
  readonly files: readonly HubFile[];
}

/** Commit and files of a revision. @throws {CheckpointError} as `HubClient.get` does, and for an answer that is no list. */
export async function listRevision(client: HubClient): Promise<Listing> {
  const { kind, id, revision } = client.wish;
  const path = `api/${kind}s/${id}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const where = `${client.settings.endpoint}/${path}`;
  const wrong = (what: string) => strange(`the Hub's response for ${named(client.wish)} ${what}`, where);
  const body = parsed(await smallBody(client, await client.get(path), LISTING_BYTES, where));
  if (!isObject(body) || !Array.isArray(body.siblings)) throw wrong("is not a list of files");
  const { sha, siblings } = body;
  if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha)) throw wrong("names no commit");
  if (siblings.length > MOST_FILES) throw wrong(`lists ${siblings.length} files, more than ${MOST_FILES}`);
  const files = new Map<string, HubFile>();
  for (const entry of siblings) {
    if (!isObject(entry) || typeof entry.rfilename !== "string") throw wrong("lists a file without a name");
    if (files.has(entry.rfilename)) throw wrong(`lists ${entry.rfilename} twice`);
    files.set(entry.rfilename, fileOf(entry.rfilename, entry));
  }
  return { commit: sha, files: [...files.values()] };
}

/**
 * Files of a folder that this library wrote, as its manifest lists them; a hash of that stands for the commit.
 * @throws {CheckpointError} as `HubClient.get` does, and for an answer that is no manifest.
 */
export async function listManifest(client: HubClient): Promise<Listing> {
  const where = `${client.settings.endpoint}/${MANIFEST}`;
  const text = await smallBody(client, await client.get(MANIFEST), LISTING_BYTES, where);
  const body = parsed(text);
  if (!isObject(body) || !isObject(body.files))
    throw new CheckpointError(`${MANIFEST} of ${named(client.wish)} is not a list of files`, {
      where: shownAddress(where),
      expected: `the folder of a model that lowrank saved, with its ${MANIFEST}`,
    });
  const files = Object.entries(body.files).map(([name, entry]): HubFile => {
    const { bytes, sha256 } = isObject(entry) ? entry : {};
    return { name, ...(isSize(bytes) && { size: bytes }), ...(isDigest(sha256) && { digest: sha256 }) };
  });
  return { commit: (await sha256Text(text)).slice(0, 40), files };
}

function fileOf(name: string, { size, blobId, lfs }: Record<string, unknown>): HubFile {
  const digest = isObject(lfs) ? (lfs.sha256 ?? lfs.oid) : blobId;
  return { name, ...(isSize(size) && { size }), ...(isDigest(digest) && { digest }) };
}

/** A length in bytes. */
export const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** A hash that the bytes can be checked against. */
export const isDigest = (value: unknown): value is string =>
  typeof value === "string" && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(value);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
