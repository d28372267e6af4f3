/** Documents: stored as the user gave them, then looked at by the package. */
import { lookAtRows } from "lowrank";
import type { Columns, Documents, NamedFile } from "../protocol.ts";
import { PATHS, remove, store } from "./files.ts";

/** Splits of the embedded provisions, which the page serves. */
const PROVISIONS = ["train", "dev", "test"] as const;

/** Stores documents in place of earlier ones. One file is the data set; of several, the folder is. */
export async function storeDocuments(name: string, files: readonly NamedFile[]): Promise<Documents> {
  await remove(PATHS.documents);
  for (const file of files) await store(`${PATHS.documents}/${file.name}`, file.blob);
  const [only] = files;
  const path = files.length === 1 && only ? `${PATHS.documents}/${only.name}` : PATHS.documents;
  return lookedAt(name, path);
}

/** Stores the embedded provisions. @param site Address of the page's folder. */
export async function storeProvisions(site: string): Promise<Documents> {
  const files = PROVISIONS.map(async (split) => {
    const response = await fetch(new URL(`provisions/${split}.jsonl`, site));
    return { name: `${split}.jsonl`, blob: await response.blob() };
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
