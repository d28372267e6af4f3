import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { classNamesIn } from "../../src/data/parquet-classes.ts";
import { readRows } from "../../src/data/read.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { classesOf } from "../../src/trainer/setup/dataset.ts";
import { TASK_DEFINITIONS } from "../../src/trainer/task/index.ts";
import { recipeOf } from "../trainer/running.ts";
import { folderWith } from "./temporary.ts";

/** What datasets 4.4 writes under `huggingface`. */
const HUGGINGFACE = JSON.stringify({
  info: {
    features: {
      text: { dtype: "string", _type: "Value" },
      label: { names: ["world", "sports", "business", "science"], _type: "ClassLabel" },
      ner_tags: { feature: { names: ["O", "B-PER"], _type: "ClassLabel" }, _type: "List" },
    },
  },
});

/** The fixture with a key and its value in the footer, before `created_by`. */
function withMetadata(value: string): Uint8Array {
  const file = readFileSync(join(import.meta.dirname, "fixtures/rows.parquet"));
  const at = file.indexOf("hyparquet") - 2; // the header of created_by, which is field 6: two after field 4
  expect(file[at]).toBe(0x28);
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >> 7)]);
  const bytes = (text: string): number[] => [0x18, ...varint(Buffer.byteLength(text)), ...Buffer.from(text)];
  const entry = Buffer.from([0x19, 0x1c, ...bytes("huggingface"), ...bytes(value), 0, 0x18]);
  const changed = Buffer.concat([file.subarray(0, at), entry, file.subarray(at + 1)]);
  changed.writeUInt32LE(file.readUInt32LE(file.length - 8) + entry.length - 1, changed.length - 8);
  return changed;
}

test("names of classes, and of lists of classes; other text makes none", () => {
  expect(classNamesIn(HUGGINGFACE)).toEqual({
    label: ["world", "sports", "business", "science"],
    ner_tags: ["O", "B-PER"],
  });
  for (const text of [undefined, "", "{", "null", "[1]", '{"info": null}', '{"info": {"features": {"a": null}}}']) {
    expect(classNamesIn(text)).toEqual({});
  }
});

test("the classes of a Parquet file are those that its metadata names, also the ones that no row has", async () => {
  const folder = await folderWith({ "train.parquet": withMetadata(HUGGINGFACE) });
  const recipe = resolveRecipe(recipeOf({ task_type: "SEQ_CLS", dataset_name: folder }));
  const train = await TASK_DEFINITIONS.SEQ_CLS.split(await readRows(folder, "train"), recipe);
  expect(train.labels.map(({ label }) => label)).toEqual([2, 0, 1]);
  const names = ["world", "sports", "business", "science"];
  for (const id2label of [undefined, { 0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2" }]) {
    const labels = classesOf("SEQ_CLS", train, { id2label });
    expect(labels.names).toEqual(names);
    expect(labels.idOf(2, "")).toBe(2);
    expect(labels.idOf("sports", "")).toBe(1);
  }
});

test("a base that names its classes keeps their names", async () => {
  const folder = await folderWith({ "train.parquet": withMetadata(HUGGINGFACE) });
  const recipe = resolveRecipe(recipeOf({ task_type: "SEQ_CLS", dataset_name: folder }));
  const train = await TASK_DEFINITIONS.SEQ_CLS.split(await readRows(folder, "train"), recipe);
  expect(classesOf("SEQ_CLS", train, { id2label: { 0: "a", 1: "b", 2: "c" } }).names).toEqual(["a", "b", "c"]);
});
