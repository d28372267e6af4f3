/** Documents: stored as the user gave them, then looked at by the package. */
import { lookAtRows } from "lowrank";
import type { Columns, Documents, NamedFile, RunChoice } from "../protocol.ts";
import { jsonAt, newFolder, PATHS, remove, removeOthers, served, store, storeJson } from "./files.ts";

/** Splits of the embedded provisions, which the page serves. */
const PROVISIONS = ["train", "dev", "test"] as const;

/**
 * Stores documents. One file is the data set; of several, the folder is. Earlier ones go, unless the last run is on them.
 * @throws {DataError} when they are not usable; earlier ones stay then.
 */
export async function storeDocuments(name: string, files: readonly NamedFile[]): Promise<Documents> {
  const folder = newFolder(PATHS.documents);
  const [only] = files;
  const path = files.length === 1 && only ? `${folder}/${only.name}` : folder;
  try {
    for (const file of files) await store(`${folder}/${file.name}`, file.blob);
    const documents = await lookedAt(name, path);
    await storeJson(PATHS.taken, { name, path });
    const choice = await jsonAt<RunChoice>(PATHS.choice);
    await removeOthers(PATHS.documents, [path, choice?.documents.path]);
    return documents;
  } catch (error) {
    await remove(folder);
    throw error;
  }
}

/** The documents of an earlier visit. */
export async function earlierDocuments(): Promise<Documents | undefined> {
  const taken = await jsonAt<Pick<Documents, "name" | "path">>(PATHS.taken);
  return taken && lookedAt(taken.name, taken.path).catch(() => undefined);
}

/** Stores the embedded provisions. @param site Address of the page's folder. */
export async function storeProvisions(site: string): Promise<Documents> {
  const files = PROVISIONS.map(async (split) => {
    const name = `${split}.jsonl`;
    return { name, blob: await served(site, `provisions/${name}`) };
  });
  return storeDocuments("embedded", await Promise.all(files));
}

async function lookedAt(name: string, path: string): Promise<Documents> {
  const { splits, size, columns, first, delimiter, uses } = await lookAtRows({ dataset_name: path });
  const found = uses.find(({ task_type }) => task_type === "SEQ_CLS")?.keys;
  const guess = found && guessed(found, columns);
  return {
    name,
    path,
    splits,
    size,
    columns,
    first,
    ...(delimiter !== undefined && { delimiter }),
    ...(guess && { guess }),
  };
}

/** The columns of a use. Those that it does not name are called as the recipe's keys say by default. */
function guessed(keys: Readonly<Record<string, unknown>>, columns: readonly string[]): Columns | undefined {
  const { text_column: text = "text", label_column: label = "label" } = keys;
  const guess = { text: String(text), label: String(label) };
  return columns.includes(guess.text) && columns.includes(guess.label) ? guess : undefined;
}
