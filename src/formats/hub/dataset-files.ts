import { isDataFile } from "../../data/read.ts";
import { splitOf } from "../../data/splits.ts";
import { CheckpointError, DataError } from "../../errors.ts";
import { lastPart } from "./names.ts";
import { leadsOut, refuseUnwritable } from "./unsafe-names.ts";

/** Files that Python's `datasets` writes beside rows. */
const ABOUT = /^(dataset_infos?|dataset_dict|state)\.json$/;
/** Folders of the data, where no configuration is named; `default` is that of the Hub's own copies. */
const USUAL = ["", "data", "default"];

/** The data files of a configuration, in the folder that is read as a data set. */
export interface DatasetFiles {
  /** Path in the repository; empty for the repository itself. */
  readonly folder: string;
  readonly files: readonly string[];
}

/**
 * The data files of a repository: those of a configuration, which is a folder, else those in the repository itself, in `data`,
 * in `default`, or in its only folder. `undefined` when it has none that are read, as one whose rows a program makes.
 *
 * @param where The repository, for messages.
 * @throws {DataError} when there is no such configuration, or one has to be named. @throws {CheckpointError} for file names
 *   that lead out of the folder or that some systems cannot store.
 */
export function datasetFiles(
  names: readonly string[],
  config: string | undefined,
  where: string,
): DatasetFiles | undefined {
  const folders = new Map<string, string[]>();
  for (const name of names) {
    if (!isDataFile(name) || name.startsWith(".") || ABOUT.test(lastPart(name))) continue;
    const folder = configFolder(name);
    folders.set(folder, [...(folders.get(folder) ?? []), name]);
  }
  if (folders.size === 0) return undefined;
  const folder =
    config === undefined ? usualFolder(folders) : [config, `data/${config}`].find((one) => folders.has(one));
  if (folder === undefined)
    throw noConfig(
      [...folders.keys()].filter((name) => name !== ""),
      config,
      where,
    );
  const files = folders.get(folder) as string[];
  const astray = files.find(leadsOut);
  if (astray !== undefined) {
    throw new CheckpointError(
      `${where} lists a file that cannot be stored: ${JSON.stringify(astray)} leads out of its folder`,
      {
        hint: "nothing was downloaded.",
      },
    );
  }
  refuseUnwritable(files, where);
  return { folder, files };
}

/** The folder whose files belong together: that of a file, or the one above a folder of one split. */
function configFolder(name: string): string {
  const folders = name.split("/").slice(0, -1);
  if (splitOf(`${folders.at(-1)}.jsonl`) !== undefined && folders.length > 0) folders.pop();
  return folders.join("/");
}

function usualFolder(folders: ReadonlyMap<string, readonly string[]>): string | undefined {
  const hasSplits = (folder: string): boolean =>
    (folders.get(folder) ?? []).some((name) => splitOf(name) !== undefined);
  const [only] = folders.keys();
  return USUAL.find(hasSplits) ?? (folders.size === 1 ? only : USUAL.find((folder) => folders.has(folder)));
}

const SHOWN = 20;

function noConfig(configs: readonly string[], config: string | undefined, where: string): DataError {
  const list = `${configs.slice(0, SHOWN).join(", ")}${configs.length > SHOWN ? `, … ${configs.length} in all` : ""}`;
  const what =
    config === undefined ? "this data set has several configurations" : `this data set has no configuration ${config}`;
  return new DataError(what, {
    where,
    expected: `one of: ${list}`,
    hint: `set dataset_config, e.g. dataset_config: ${configs[0] ?? "…"}.`,
  });
}
