import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findSplits, readRows } from "../../src/data/read.ts";
import { firstRows } from "../../src/data/row.ts";
import { DataError } from "../../src/errors.ts";
import { collected } from "./collected.ts";
import { folderWith } from "./temporary.ts";

const ROWS = [
  { text: "one, two", label: 1 },
  { text: 'says "yes"\u2028and — no', label: 0 },
];
const parquet = readFileSync(join(import.meta.dirname, "fixtures/rows.parquet"));
const read = async (name: string, content: string | Uint8Array) => {
  const folder = await folderWith({ [name]: content });
  return (await collected(await readRows(folder, "train"))).map(({ values, where }) => ({
    values,
    where: where.slice(folder.length + 1),
  }));
};
const refusal = (name: string, content: string | Uint8Array): Promise<unknown> =>
  read(name, content).then(
    () => expect.unreachable("was not refused"),
    (error) => error,
  );

const jsonl = `${ROWS.map((row) => JSON.stringify(row)).join("\n")}\n`;
const csv = 'text,label\n"one, two",1\n"says ""yes""\u2028and — no",0\n';

describe.each<[name: string, content: string, places: string[]]>([
  ["train.jsonl", jsonl, [":1", ":2"]],
  ["train.jsonl", `\uFEFF${jsonl.replaceAll("\n", "\r\n\r\n")}`, [":1", ":3"]],
  ["train.json", JSON.stringify(ROWS, null, 2), [":2", ":6"]],
  ["train.json", `\uFEFF ${JSON.stringify(ROWS)}`, [":1", ":1"]],
  ["train.json", jsonl, [":1", ":2"]],
  ["train.csv", csv, [":2", ":3"]],
  ["train.csv", `\uFEFF${csv.replaceAll("\n", "\r\n")}`, [":2", ":3"]],
])("%s", (name, content, places) => {
  test("reads its rows and their places", async () =>
    expect(await read(name, content)).toEqual(ROWS.map((values, i) => ({ values, where: name + places[i] }))));

  test("reads the same from .gz", async () => {
    const rows = await read(`${name}.gz`, gzipSync(content));
    expect(rows).toEqual(ROWS.map((values, i) => ({ values, where: `${name}.gz${places[i]}` })));
  });
});

describe("parquet", () => {
  const expected = [
    { text: "The rent is due.", label: 2, tokens: ["The", "rent"] },
    { text: "Notice in writing — “now”.", label: 0, tokens: ["Notice"] },
    { text: "", label: 1, tokens: ["x"] },
  ].map((values, i) => ({ values, where: `:row ${i + 1}` }));

  test.each([["train.parquet", parquet], ["train.parquet.gz", gzipSync(parquet)]])("%s", async (name, bytes) => {
    expect(await read(name, bytes)).toEqual(expected.map(({ values, where }) => ({ values, where: name + where })));
  }); // biome-ignore format: a table

  test("refuses a file that is cut short", async () =>
    expect(String(await refusal("train.parquet", parquet.subarray(0, 200)))).toMatch(
      /cannot read this Parquet file.*\n.*train.parquet/,
    ));
});

describe("csv", () => {
  test("only columns of integers become numbers", async () => {
    const rows = await read("train.csv", "a,b,c,d\n1,1,007,1.5\n-20,x,1,2\n");
    expect(rows[0]?.values).toEqual({ a: 1, b: "1", c: "007", d: "1.5" });
  });

  test("a row after one that spans lines is placed right", async () => {
    const rows = await read("train.csv", 'text,label\n"two\nlines",0\nnext,1\n');
    expect(rows.map(({ where }) => where)).toEqual(["train.csv:2", "train.csv:4"]);
  });
});

describe("a malformed row is refused with its line", () => {
  test.each<[name: string, content: string, message: RegExp]>([
    ["train.jsonl", `${jsonl}{"text": \n`, /malformed JSON.*\n.*train.jsonl:3\n.*hint: each line/],
    ["train.jsonl", "[1, 2]\n", /must be a JSON object, got \[1, 2\]\n.*train.jsonl:1/],
    ["train.json", '[{"text": "a"},\n {"text": b}]', /malformed JSON.*\n.*train.json:2/],
    ["train.json", '[\n{"a": 1},\n]', /malformed JSON.*\n.*train.json:3/],
    ["train.json", '[{"a": 1}\n, {"a": "]', /not closed.*\n.*train.json:2/],
    ["train.json", '[{"a": 1}]\n[', /more after.*\n.*train.json:2/],
    ["train.csv", "a,b\n1,2\n1,2,3\n", /malformed CSV.*\n.*train.csv:3/],
    ["train.csv", 'a,b\n1,"2\n', /malformed CSV.*[\s\S]*train.csv:/],
  ])("%s %j", async (name, content, message) => {
    const error = await refusal(name, content);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(message);
  });

  test.each(["train.jsonl", "train.json", "train.csv"])("%s.gz that is cut off", async (name) => {
    const error = (await refusal(`${name}.gz`, gzipSync(name.endsWith("csv") ? csv : jsonl).subarray(0, 40))) as Error;
    expect(error.message).toMatch(/gzip data is damaged or cut off/);
  });

  test.each(["train.jsonl", "train.json", "train.csv", "train.csv.gz"])("%s without rows", async (name) => {
    const text = name === "train.json" ? "[]" : name.includes("csv") ? "text,label\n" : "\n";
    const error = await refusal(name, name.endsWith(".gz") ? gzipSync(text) : text);
    expect((error as Error).message).toMatch(new RegExp(`holds no rows\\n.*${name}`));
  });
});

test("any array of objects is read as JSON.parse reads it, however it is laid out", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1, maxLength: 4 }),
      fc.nat(3),
      async (rows, indent) => {
        const content = JSON.stringify(rows, null, indent);
        expect((await read("train.json", content)).map(({ values }) => values)).toEqual(JSON.parse(content));
      },
    ),
    { numRuns: 50 },
  ));

test("an array of many megabytes is read piece by piece", async () => {
  const rows = Array.from({ length: 3000 }, (_, i) => ({ text: `é\\"[{,]}" \n${"x".repeat(i % 97)}`, label: i }));
  const read = await collected(
    await readRows(await folderWith({ "train.json": JSON.stringify(rows, null, 1) }), "train"),
  );
  expect(read.map(({ values }) => values)).toEqual(rows);
  expect(read.at(-1)?.where).toMatch(/:11998$/);
});

test("rows are read anew each time they are walked, as far as they are walked", async () => {
  const rows = await readRows(await folderWith({ "train.csv": csv }), "train");
  for await (const { values } of firstRows(rows, 1)) expect(values).toEqual(ROWS[0]);
  expect(await collected(firstRows(rows, 9))).toHaveLength(2);
});

describe("findSplits", () => {
  test("a folder's files by name, validation and dev standing for each other", async () => {
    const folder = await folderWith({
      "train.jsonl.gz": "",
      "dev.csv": "",
      "test.parquet": "",
      "README.md": "",
      "x/y": "",
    });
    const splits = await findSplits(`${folder}/`);
    expect(Object.fromEntries(splits)).toEqual({
      train: `${folder}/train.jsonl.gz`,
      dev: `${folder}/dev.csv`,
      validation: `${folder}/dev.csv`,
      test: `${folder}/test.parquet`,
    });
  });

  test("a single file is the split train", async () => {
    const file = join(await folderWith({ "mine.jsonl": jsonl }), "mine.jsonl");
    expect([...(await findSplits(file))]).toEqual([["train", file]]);
  });

  test("a missing data set: says what there is", async () => {
    const folder = await folderWith({ "mine.jsonl": "" });
    await expect(findSplits(`${folder}/my.jsonl`)).rejects.toThrow(
      /my.jsonl does not exist\n.*\.parquet.*\n.*holds: mine.jsonl/,
    );
  });

  test("a missing split: says which there are", async () => {
    const folder = await folderWith({ "train.jsonl": jsonl, "dev.jsonl": jsonl });
    await expect(readRows(folder, "test")).rejects.toThrow(
      /no split "test"\n.*has: dev \(dev.jsonl\), train \(train.jsonl\)/,
    );
  });

  test("a folder without data, a split twice, an unknown format", async () => {
    await expect(findSplits(await folderWith({ "a.txt": "" }))).rejects.toThrow(/no data file\n.*has: a.txt/);
    const twice = await folderWith({ "train.csv": "", "train.jsonl": "" });
    await expect(findSplits(twice)).rejects.toThrow(/two files for the split "train": train.csv and train.jsonl/);
    const text = join(await folderWith({ "a.txt": "x" }), "a.txt");
    await expect(readRows(text, "train")).rejects.toThrow(/format of .*a.txt\n.*\.jsonl, \.json/);
  });
});
