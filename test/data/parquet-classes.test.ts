import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkLabels } from "../../src/assemble/data.ts";
import { classesOf } from "../../src/assemble/dataset.ts";
import { classNamesIn } from "../../src/data/parquet-classes.ts";
import { readRows } from "../../src/data/read.ts";
import type { TextExample } from "../../src/examples/classification.ts";
import { type Label, type Labels, labelReader, labelsOfFile } from "../../src/examples/labels.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import type { Split } from "../../src/tasks/definition.ts";
import { TASK_DEFINITIONS } from "../../src/tasks/index.ts";
import { chatTokenizer } from "../chat/chat-fixture.ts";
import { recipeOf } from "../running.ts";
import { folderWith } from "./temporary.ts";

/** What datasets 4.4 writes under `huggingface`. */
const HUGGINGFACE = JSON.stringify({
  info: {
    features: {
      text: { dtype: "string", _type: "Value" },
      label: { names: ["world", "sports", "business", "science"], _type: "ClassLabel" },
      ner_tags: { feature: { names: ["O", "B-PER"], _type: "ClassLabel" }, _type: "List" },
      older: [{ names: ["O", "B-PER"], _type: "ClassLabel" }],
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
    older: ["O", "B-PER"],
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

const arrow = join(import.meta.dirname, "fixtures/arrow/classes.parquet");

describe("a ClassLabel whose order is not the alphabet's, in a file of datasets", () => {
  const NAMES = ["world", "sports", "business", "science"];
  const recipe = resolveRecipe(recipeOf({ task_type: "SEQ_CLS", dataset_name: "any" }));
  const splitOfFile = async (path: string, task: "SEQ_CLS" | "TOKEN_CLS" = "SEQ_CLS") =>
    TASK_DEFINITIONS[task].split(await readRows(path, "train"), {
      ...recipe,
      ...(task === "TOKEN_CLS" && { text_column: "tokens", label_column: "ner_tags" }),
    });
  const jsonl = async (...labels: unknown[]) => {
    const lines = labels.map((label) => `${JSON.stringify({ text: "due", label })}\n`).join("");
    return splitOfFile(`${await folderWith({ "train.jsonl": lines })}/train.jsonl`);
  };
  const tokenizer = chatTokenizer("bytes");
  const idsIn = async (split: Split, labels: Labels) => {
    const { examples } = await split.encode({ tokenizer, labels, maxLength: 8 });
    return Array.from(examples as Iterable<TextExample>, ({ label }) => label);
  };

  test("its ids are the file's, whatever the base calls its classes", async () => {
    const train = await splitOfFile(arrow);
    for (const id2label of [undefined, { 0: "LABEL_0", 1: "LABEL_1" }, { 0: "neg", 1: "pos" }]) {
      const labels = classesOf("SEQ_CLS", train, { id2label });
      expect(labels.names).toEqual(NAMES);
      expect(await idsIn(train, labels)).toEqual([1, 0, 3]);
      expect(await idsIn(await jsonl(1, "world", 3), labels)).toEqual([1, 0, 3]);
    }
    const words = await splitOfFile(arrow, "TOKEN_CLS");
    expect(classesOf("TOKEN_CLS", words, {}).names).toEqual(["O", "B-PER", "I-PER", "B-LOC"]);
  });

  test("a base with the same names in another order keeps its own ids", async () => {
    const train = await splitOfFile(arrow);
    const id2label = { 0: "science", 1: "world", 2: "sports", 3: "business" };
    const labels = classesOf("SEQ_CLS", train, { id2label });
    expect(await idsIn(train, labels)).toEqual([2, 1, 0]);
    expect(() => checkLabels({ train, validation: train, splits: { train: "train" } }, labels)).not.toThrow();
  });

  test("its numbers mean its names for classes of strings in another file, which are sorted", async () => {
    const labels = classesOf("SEQ_CLS", await jsonl("world", "sports", "science"), {});
    expect(labels.names).toEqual(["science", "sports", "world"]);
    expect(await idsIn(await splitOfFile(arrow), labels)).toEqual([1, 2, 0]);
    const fewer = classesOf("SEQ_CLS", await jsonl("world", "sports", "business"), {});
    await expect(splitOfFile(arrow).then((split) => idsIn(split, fewer))).rejects.toThrow(/"science" does not occur/);
  });

  test("its numbers are ids for classes that are numbers", async () => {
    const labels = classesOf("SEQ_CLS", await jsonl(0, 1, 2, 3), {});
    expect(await idsIn(await splitOfFile(arrow), labels)).toEqual([1, 0, 3]);
  });

  test("names that are other numbers, and a number without a name", () => {
    const train = (...labels: Label[]) => labels.map((label, i) => ({ label, where: `a:row ${i + 1}` }));
    const stars = ["1", "2", "3", "4", "5"];
    const labels = labelsOfFile(train(1, 2, 4), stars);
    expect(labels.names).toEqual(stars);
    expect([1, 2, 4].map((label) => labels.idOf(labelReader(labels, stars)(label), ""))).toEqual([1, 2, 4]);
    expect(() => labelsOfFile(train(0, -1), stars)).toThrow(
      /label -1 is not one of the 5 classes[\s\S]*a:row 2[\s\S]*1, 2, 3/,
    );
    expect(labelsOfFile(train("3", "5"), stars).idOf("5", "")).toBe(4);
  });
});
