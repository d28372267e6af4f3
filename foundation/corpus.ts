/**
 * Writes what the embedded model is pretrained on: `tsx foundation/corpus.ts --contracts FILE --output FOLDER`.
 *
 * FILE holds rows `{ text }`, one contract each (.jsonl, .jsonl.gz). Licence texts come from the installed
 * `spdx-license-list`. Nothing of the embedded data set's dev and test splits gets in: a licence of which a provision is
 * there stays out, and so does every paragraph, of licence or contract, that shares a third of its runs of five words with
 * such a provision. Those licences are the held-out legal text by which forgetting is measured.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readRows } from "../src/data/read.ts";
import { blocksOf } from "../src/provisions/blocks.ts";
import { shinglesOf } from "../src/provisions/duplicates.ts";
import { embeddedRows, heldOutLicenses, licenseTexts } from "../src/provisions/provisions.ts";
import { isEnglish } from "../src/provisions/select.ts";

/** Share of a paragraph's shingles in evaluation texts from which it is one of them. */
const SAME = 1 / 3;
/** Every which contract is held out, to see the loss on contracts that were not read. */
const HELD_OUT_EVERY = 40;

const { values } = parseArgs({ options: { contracts: { type: "string" }, output: { type: "string" } } });
if (!values.contracts || !values.output) throw new Error("usage: corpus.ts --contracts FILE --output FOLDER");

const evaluation = [...(await embeddedRows("dev")), ...(await embeddedRows("test"))];
const evaluated = await heldOutLicenses();
const seen = new Set(evaluation.flatMap(({ values }) => [...shinglesOf(values.text as string)]));

/** A text without the paragraphs that evaluation has. */
function without(text: string): string {
  const isNew = (paragraph: string): boolean => {
    const shingles = [...shinglesOf(paragraph)];
    return shingles.filter((shingle) => seen.has(shingle)).length < SAME * shingles.length;
  };
  return blocksOf(text)
    .map(({ text }) => text)
    .filter(isNew)
    .join("\n");
}

const contracts: string[] = [];
for await (const { values: row } of await readRows(values.contracts, "train")) contracts.push(row.text as string);
const licenses = [...(await licenseTexts())].filter(([, text]) => isEnglish(text));
const read = [
  ...contracts.filter((_, at) => at % HELD_OUT_EVERY !== 0),
  ...new Set(licenses.filter(([id]) => !evaluated.has(id)).map(([, text]) => text)),
].map(without);
const heldOut = contracts.filter((_, at) => at % HELD_OUT_EVERY === 0);

mkdirSync(values.output, { recursive: true });
const splits = { train: read.filter((text) => text !== ""), validation: heldOut };
for (const [split, texts] of Object.entries(splits)) {
  writeFileSync(join(values.output, `${split}.jsonl`), texts.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  const characters = texts.reduce((sum, { length }) => sum + length, 0);
  console.log(`${split}: ${texts.length} texts, ${(characters / 1e6).toFixed(1)} M characters`);
}
