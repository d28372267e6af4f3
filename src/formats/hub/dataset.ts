import { exists, isFolder, listFiles } from "#platform";
import { findSplits } from "../../data/read.ts";
import { DataError, LowrankError } from "../../errors.ts";
import { cachedSnapshot, refuseLinksOut } from "./cache.ts";
import { datasetFiles } from "./dataset-files.ts";
import type { FollowOptions } from "./download.ts";
import { isHubId } from "./names.ts";
import type { Wish } from "./refusals.ts";
import { mayBeHubId, offline } from "./resolve.ts";
import { isOffline } from "./settings.ts";

/** The branch on which the Hub keeps a copy of most data sets as Parquet files, those among them whose rows a program makes. */
const PARQUET_COPY = "refs/convert/parquet";

/**
 * The local file or folder of a data set: a path as it is, or the folder of a Hub id in the local cache, into which its data files
 * are downloaded when they are not there.
 *
 * @param config Configuration of a data set that has several; a folder in its repository.
 * @throws {DataError} when it holds no data file, or its configuration has to be named.
 * @throws {CheckpointError} when it is not in the cache and cannot be downloaded.
 */
export async function resolveDataset(
  nameOrPath: string,
  config: string | undefined,
  options: FollowOptions = {},
): Promise<string> {
  const [parent = ""] = nameOrPath.split("/");
  const isId = isHubId(nameOrPath) && mayBeHubId(nameOrPath);
  if (!isId || (await exists(nameOrPath)) || (await isFolder(parent))) return nameOrPath;
  const wishes = ["main", PARQUET_COPY].map((revision): Wish => ({ kind: "dataset", id: nameOrPath, revision }));
  for (const wish of wishes) {
    const cached = await cachedData(wish, config);
    if (cached !== undefined) return cached;
  }
  const [own, copy] = wishes as [Wish, Wish];
  if (isOffline()) throw offline(own);
  try {
    return await download(own, config, options);
  } catch (error) {
    if (!(error instanceof NoDataFiles)) throw error;
    return download(copy, config, options).catch((ofCopy: unknown) => {
      throw options.signal?.aborted ? ofCopy : error; // not every data set has a copy
    });
  }
}

/** The data set's own repository has no file that is read. */
class NoDataFiles extends DataError {}

async function download(wish: Wish, config: string | undefined, options: FollowOptions): Promise<string> {
  const { downloadSnapshot } = await import("./download.ts");
  let folder = "";
  const snapshot = await downloadSnapshot(
    wish,
    (names, where) => {
      const found = datasetFiles(names, config, where);
      if (!found) {
        throw new NoDataFiles("this data set has no file that lowrank can read", {
          where,
          expected: "Parquet, JSON or CSV files, its own or those of the Hub's copy",
          hint: `it contains: ${names.slice(0, 20).join(", ") || "nothing"}`,
        });
      }
      folder = found.folder;
      return found.files;
    },
    options,
  );
  return joined(snapshot, folder);
}

/** The data in the cache, unless shards are missing: Python fetches files when it needs them. */
async function cachedData(wish: Wish, config: string | undefined): Promise<string | undefined> {
  const snapshot = await cachedSnapshot(wish);
  if (snapshot === undefined) return undefined;
  await refuseLinksOut(wish, snapshot);
  try {
    const found = datasetFiles(await listFiles(snapshot), config, snapshot);
    if (!found) return undefined;
    const folder = joined(snapshot, found.folder);
    await findSplits(folder);
    return folder;
  } catch (error) {
    if (!(error instanceof LowrankError) || isOffline()) throw error;
    return undefined;
  }
}

const joined = (snapshot: string, folder: string): string => (folder === "" ? snapshot : `${snapshot}/${folder}`);
