import { exists, hubCacheFolder, isFolder, liesIn, listFiles, listFolder, parentFolder, readText } from "#platform";
import { CheckpointError } from "../../errors.ts";
import { isObject, readJsonObject } from "../json/json.ts";
import { ADAPTER_CONFIG, INDEX, SINGLE } from "../safetensors/file-names.ts";
import { isPickleName } from "../safetensors/lookalike.ts";
import { named, type Wish } from "./refusals.ts";
import { leadsOut } from "./unsafe-names.ts";

const COMMIT = /^[0-9a-f]{40}$/;

/**
 * A repository's place in the cache: `blobs/<etag>` holds bytes, `snapshots/<commit>/` links to them under their names, and
 * `refs/<revision>` names a commit.
 */
export const repositoryCache = ({ kind, id }: Pick<Wish, "kind" | "id">): string =>
  kind === "address"
    ? `${parentFolder(hubCacheFolder())}/addresses/${encodeURIComponent(id)}`
    : `${hubCacheFolder()}/${kind}s--${id.replace("/", "--")}`;

/** The snapshot of a revision, whoever downloaded it; all of its files need not be there. */
export async function cachedSnapshot(wish: Wish): Promise<string | undefined> {
  const { revision } = wish;
  if (leadsOut(revision)) return undefined;
  const root = repositoryCache(wish);
  const ref = `${root}/refs/${revision}`;
  const commit = (await exists(ref)) && !(await isFolder(ref)) ? (await readText(ref)).trim() : revision;
  const snapshot = `${root}/snapshots/${commit}`;
  return COMMIT.test(commit) && (await isFolder(snapshot)) ? snapshot : undefined;
}

/**
 * Refuses a snapshot with a link that leads out of its repository's folder: it would be read, and copied beside what is trained,
 * as if it were of the Hub. `blobs` itself may be a link to another disk.
 * @throws {CheckpointError} naming the link.
 */
export async function refuseLinksOut(wish: Wish, snapshot: string): Promise<void> {
  const root = repositoryCache(wish);
  const folders = [root, `${root}/blobs`];
  for (const name of await listFiles(snapshot)) {
    const path = `${snapshot}/${name}`;
    if (!(await exists(path)) || (await liesIn(path, folders))) continue;
    throw new CheckpointError(`${name} of ${named(wish)} is a link in the cache to a file outside its folder`, {
      where: path,
      expected: "links into blobs/, as downloads create them",
      hint: "remove the link; the file will be downloaded again.",
    });
  }
}

/**
 * True when a snapshot has everything a model needs: Python fetches files when it needs them, and may have stopped at the
 * configuration. Weights of whatever kind count: which can be read is for whoever reads them to say.
 */
export async function isWhole(snapshot: string, weights: boolean): Promise<boolean> {
  const names: string[] = [];
  for (const name of await listFolder(snapshot)) if (await exists(`${snapshot}/${name}`)) names.push(name); // no dead link
  if (!names.includes("config.json") && !names.includes(ADAPTER_CONFIG)) return false;
  if (!weights) return true;
  if (!names.some((name) => /\.(safetensors|gguf)$/.test(name) || isPickleName(name))) return false;
  if (names.includes(SINGLE) || !names.includes(INDEX)) return true;
  const { weight_map } = await readJsonObject(`${snapshot}/${INDEX}`);
  return !isObject(weight_map) || Object.values(weight_map).every((shard) => names.includes(String(shard)));
}
