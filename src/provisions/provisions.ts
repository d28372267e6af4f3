import { makeFolder, packageFolder, readText, writeTextAtomic } from "#platform";
import type { Row } from "../data/row.ts";
import { DataError } from "../errors.ts";
import { familiesOf } from "./families.ts";
import { distinctProvisions, findProvisions, type Provision } from "./select.ts";
import { splitGroups } from "./split.ts";

/** The splits of the embedded data set. */
export const EMBEDDED_SPLITS = ["train", "dev", "test"] as const;

/** One of {@link EMBEDDED_SPLITS}. */
export type EmbeddedSplit = (typeof EMBEDDED_SPLITS)[number];

/** The package that carries the licence texts (CC0-1.0). */
const PACKAGE = "spdx-license-list";
const SHARES: Readonly<Record<EmbeddedSplit, number>> = { train: 0.7, dev: 0.1, test: 0.2 };
/** Share of a licence's shingles in another from which the two are of one family. */
const SAME_FAMILY = 0.3;

let made: Promise<ReadonlyMap<EmbeddedSplit, readonly Row[]>> | undefined;

/**
 * One split of the embedded data set: provisions of software licences, `{ text, label }`, the label being what the
 * heading of their section says. `where` is the licence, the line in its text, and the heading.
 *
 * Made from the installed `spdx-license-list`, once a thread, in about a second; the same rows in the same order
 * whenever that package is the same.
 * @throws {FileError} when the package is not installed.
 * @throws {DataError} when its file is not what it was.
 */
export async function embeddedRows(split: EmbeddedSplit): Promise<Row[]> {
  made ??= makeRows();
  return [...(await made).get(split)!];
}

/**
 * Writes the embedded data set as `train.jsonl`, `dev.jsonl` and `test.jsonl`, rows `{ text, label, where }`, into a
 * folder, which is made if it is missing.
 * @throws {FileError} when the folder cannot be written, and as `embeddedRows` does.
 */
export async function writeEmbedded(folder: string): Promise<void> {
  await makeFolder(folder);
  for (const split of EMBEDDED_SPLITS) {
    const rows = await embeddedRows(split);
    const lines = rows.map(({ values, where }) => `${JSON.stringify({ ...values, where })}\n`);
    await writeTextAtomic(`${folder}/${split}.jsonl`, lines.join(""));
  }
}

async function makeRows(): Promise<ReadonlyMap<EmbeddedSplit, readonly Row[]>> {
  const splits = splitProvisions(findProvisions(await licenseTexts()));
  return new Map([...splits].map(([split, provisions]) => [split, provisions.map(rowOf)]));
}

/** Distinct provisions by split: licences of one family are all in one. */
export function splitProvisions(found: readonly Provision[]): ReadonlyMap<EmbeddedSplit, readonly Provision[]> {
  const shingles = new Map<string, Set<number>>();
  for (const provision of found) {
    const all = shingles.get(provision.license) ?? new Set();
    for (const shingle of provision.shingles) all.add(shingle);
    shingles.set(provision.license, all);
  }
  const families = familiesOf(shingles, SAME_FAMILY);
  const grouped = distinctProvisions(found).map((provision) => ({
    ...provision,
    group: families.get(provision.license)!,
  }));
  const splitOf = splitGroups(grouped, SHARES);
  return new Map(EMBEDDED_SPLITS.map((split) => [split, grouped.filter(({ group }) => splitOf.get(group) === split)]));
}

/** The licence that a row comes from. */
const licenseOf = ({ where }: Row): string => where.slice(0, where.indexOf(".txt:"));

/**
 * Licences of which a provision is in the dev or test split, by SPDX identifier: neither the embedded model nor a run on
 * the embedded data set has read them.
 * @throws {FileError} and {DataError} as `embeddedRows` does.
 */
export async function heldOutLicenses(): Promise<ReadonlyMap<string, string>> {
  const rows = [...(await embeddedRows("dev")), ...(await embeddedRows("test"))];
  const ids = new Set(rows.map(licenseOf));
  return new Map([...(await licenseTexts())].filter(([id]) => ids.has(id)));
}

const rowOf = ({ text, label, license, line, heading }: Provision): Row => ({
  values: { text, label },
  where: `${license}.txt:${line} § ${heading}`,
});

/**
 * Licence texts by SPDX identifier, in the order of the identifiers.
 * @throws {FileError} when the package is not installed.
 * @throws {DataError} when its file is not what it was.
 */
export async function licenseTexts(): Promise<ReadonlyMap<string, string>> {
  const path = `${packageFolder(PACKAGE)}/spdx-full.json`;
  const list = JSON.parse(await readText(path)) as Record<string, { licenseText?: unknown }>;
  return new Map(
    Object.keys(list)
      .sort()
      .map((id) => {
        const text = list[id]?.licenseText;
        if (typeof text === "string") return [id, text];
        throw new DataError(`the text of the licence ${id} is missing`, {
          where: path,
          hint: `install ${PACKAGE} 6.12.0.`,
        });
      }),
  );
}
