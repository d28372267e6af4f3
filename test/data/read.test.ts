import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readParquet } from "../../src/data/parquet.ts";
import { findSplits, readRows } from "../../src/data/read.ts";
import { column, firstRows } from "../../src/data/row.ts";
import { DataError, LowrankError } from "../../src/errors.ts";
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

describe("damaged parquet is refused, also where the decoder would loop or abort", () => {
  const damagedAt = (at: number, ...bytes: number[]): Uint8Array => {
    const copy = Uint8Array.from(parquet);
    copy.set(bytes, at);
    return copy;
  };
  const ROWS_OF_GROUP = 443; // the offset of its row count, 3, in zigzag

  test.each<[name: string, bytes: Uint8Array, message: RegExp]>([
    ["a page of 128 values", damagedAt(12, 128), /stalled at row 1/],
    ["a footer longer than the file", damagedAt(parquet.length - 5, 127), /metadata length \d+ exceeds/],
    ["a footer of nothing", damagedAt(parquet.length - 8, 0, 0, 0, 0), /cannot read this Parquet file/],
    ["a schema that is cut", damagedAt(parquet.length - 300, 255, 255, 255), /cannot read this Parquet file/],
    ["nothing at all", new Uint8Array(), /cannot read this Parquet file/],
    ["zeros", new Uint8Array(2 ** 20), /footer != PAR1/],
  ])("%s", async (_, bytes, message) => {
    const folder = await folderWith({ "a.parquet": bytes });
    const error = await collected(readParquet(`${folder}/a.parquet`)).then(
      () => expect.unreachable("was not refused"),
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(DataError);
    expect(String(error)).toMatch(message);
  });

  test("rows that the row groups do not have", async () => {
    expect(parquet[ROWS_OF_GROUP]).toBe(6);
    expect(String(await refusal("train.parquet", damagedAt(ROWS_OF_GROUP, 126)))).toMatch(
      /claims 3 rows, but its row groups have 63/,
    );
  });

  test("a gzip bomb around it", async () => {
    const bomb = gzipSync(new Uint8Array(2 ** 27));
    expect(String(await refusal("train.parquet.gz", bomb))).toMatch(/decompresses to more than 67108864 bytes/);
  });
});

const MIB = 2 ** 20;
const long = "long ".repeat(4 * MIB);

describe("a row of more than 16 MiB is refused with its line", () => {
  test.each<[name: string, content: string, line: number]>([
    ["train.jsonl", `{"text": "a"}\n{"text": "${long}"}\n`, 2],
    ["train.json", `[{"text": "a"},\n{"text": "${long}"}]\n`, 2],
    ["train.csv", `text,label\na,1\n${long},1\n`, 3],
    ["train.csv", `text,label\na,1\n"b,1\n${long}`, 3],
  ])("%s", async (name, content, line) => {
    const errors = [await refusal(name, content), await refusal(`${name}.gz`, gzipSync(content))];
    for (const error of errors) {
      expect(error).toBeInstanceOf(LowrankError);
      expect(String(error)).toMatch(new RegExp(`longer than 16 MiB\\n.*at: .*train.*:${line}\\n`));
    }
  });

  test("a long row below that is read", async () => {
    const text = "long ".repeat(MIB);
    expect(await read("train.jsonl", `{"text": "${text}"}`)).toEqual([{ values: { text }, where: "train.jsonl:1" }]);
  });
});

describe("hostile rows", () => {
  test.each(["train.jsonl", "train.json"])("nesting of 10^5 levels: %s", async (name) => {
    const row = `{"text": ${"[".repeat(1e5)}${"]".repeat(1e5)}}`;
    const error = await refusal(name, name.endsWith("l") ? row : `[${row}]`);
    expect(error).toBeInstanceOf(DataError);
    expect(String(error)).toMatch(/nested more than 100 levels deep\n.*train.json.*:1/);
  });

  test("a CSV file of 10^5 columns", async () => {
    const error = await refusal("train.csv", `${Array.from({ length: 1e5 }, (_, i) => `c${i}`).join(",")}\n`);
    expect(error).toBeInstanceOf(DataError);
    expect(String(error)).toMatch(/100000 columns\n.*train.csv:1\n.*at most 16384/);
  });

  test("of a key that a row has twice the last one counts, as in Python", async () => {
    const rows = await read("train.jsonl", '{"text": "a", "text": "b", "__proto__": 1}');
    expect(rows[0]?.values.text).toBe("b");
    expect(Object.keys(rows[0]?.values ?? {})).toEqual(["text", "__proto__"]);
  });

  test.each(["train.csv", "train.jsonl", "train.json"])("UTF-16 is named: %s", async (name) => {
    const text = name.endsWith("csv") ? csv : name.endsWith("l") ? jsonl : JSON.stringify(ROWS);
    for (const mark of ["\ufeff", ""]) {
      expect(String(await refusal(name, Buffer.from(mark + text, "utf16le")))).toMatch(/looks like UTF-16/);
      expect(String(await refusal(name, Buffer.from(mark + text, "utf16le").swap16()))).toMatch(/looks like UTF-16/);
    }
  });
});

describe("files that are no UTF-8 text", () => {
  const LONG = `text,label\n${"a clause,law\n".repeat(20_000)}`; // several pieces of the file
  test.each([
    ["train.csv", `${LONG}caf`, "é", ",law\n", 20_002],
    ["train.csv", "text,label\n“", "”", ",law\n", 2],
    ["train.jsonl", '{"text": "a"}\n{"text": "na', "ï", 've"}\n', 2],
    ["train.json", '[{"text": "a"},\n\n{"text": "na', "ï", 've"}]\n', 3],
  ])("Windows-1252 is named, with the line and the character: %s %#", async (name, before, character, after, line) => {
    const byte = { é: 0xe9, "”": 0x94, ï: 0xef }[character] as number;
    const error = String(
      await refusal(name, Buffer.concat([Buffer.from(before), Buffer.of(byte), Buffer.from(after)])),
    );
    expect(error).toContain(`${name}:${line}\n`);
    expect(error).toContain(`byte 0x${byte.toString(16).toUpperCase()} would be "${character}" in Windows-1252`);
    expect(error).toContain("iconv -f WINDOWS-1252 -t UTF-8");
  });

  test("a character that two pieces of a file share is no error", async () => {
    for (const shift of [0, 1, 2, 3]) {
      const rows = await read("train.csv", `text\n${"x".repeat(shift)}\n${"😀".repeat(20_000)}\n`);
      expect(rows.at(-1)?.values.text).toBe("😀".repeat(20_000));
    }
  });

  test.each([
    ["a spreadsheet", [0x50, 0x4b, 3, 4, 0x14, 0], /ZIP archive, as \.xlsx.*"CSV UTF-8"/],
    ["an old spreadsheet", [0xd0, 0xcf, 0x11, 0xe0, 0xa1], /old Office file/],
    ["a PDF", [...Buffer.from("%PDF-1.7\n")], /pdftotext/],
    ["a Parquet file", [...Buffer.from("PAR1")], /ends in \.parquet/],
    ["a packed file", [0x1f, 0x8b, 8, 0], /ends in \.gz/],
  ])("%s under a table's name is named", async (_, bytes, hint) => {
    for (const name of ["train.csv", "train.jsonl", "train.json"])
      expect(String(await refusal(name, Buffer.from(bytes)))).toMatch(hint);
  });

  test.each([
    ["rows.xlsx", /save the sheet as "CSV UTF-8"/],
    ["contract.PDF", /one row a text/],
    ["rows.zip", /unpack it/],
  ])("%s has a hint, as a data set and in a folder", async (name, hint) => {
    const folder = await folderWith({ [name]: "x", "notes.md": "" });
    await expect(readRows(join(folder, name), "train")).rejects.toThrow(hint);
    await expect(readRows(folder, "train")).rejects.toThrow(new RegExp(`${name}: .*${hint.source}`));
  });
});

describe("what is no regular file is refused before it is opened", () => {
  test.each(["jsonl", "json", "csv", "parquet"])(".%s", async (format) => {
    const folder = await folderWith({ [`folder.${format}/x`]: "" });
    execFileSync("mkfifo", [join(folder, `pipe.${format}`)]);
    execFileSync("ln", ["-s", "/dev/zero", join(folder, `device.${format}`)]);
    const socket = createServer().listen(join(folder, `socket.${format}`));
    const kinds = { pipe: "a named pipe", device: "a device", socket: "a socket" };
    for (const [name, kind] of Object.entries(kinds)) {
      const rows = await readRows(join(folder, `${name}.${format}`), "train");
      const error = await collected(rows).then(
        () => expect.unreachable("was not refused"),
        (error: unknown) => error,
      );
      expect(error).toBeInstanceOf(LowrankError);
      expect(String(error)).toContain(`it is ${kind}`);
    }
    socket.close();
  });
});

describe("csv", () => {
  test("only columns of integers become numbers", async () => {
    const rows = await read("train.csv", "a,b,c,d\n1,1,007,1.5\n-20,x,1,2\n");
    expect(rows[0]?.values).toEqual({ a: 1, b: "1", c: "007", d: "1.5" });
  });

  test("a column of integers may have empty cells, which stay empty", async () => {
    const rows = await read("train.csv", "text,label,none\na,1,\nb,,\n");
    expect(rows.map(({ values }) => values)).toEqual([
      { text: "a", label: 1, none: "" },
      { text: "b", label: "", none: "" },
    ]);
  });

  test("lines end in \\n, \\r\\n or \\r, also in one file", async () => {
    const expected = ["spam", "ham", "spam", "ham"].map((label, i) => ({
      values: { text: `t${i}`, label },
      where: `train.csv:${i + 2}`,
    }));
    for (const ends of [
      ["\r\n", "\n", "\n", "\r\n", ""],
      ["\n", "\r\n", "\r\n", "\n", "\r\n"],
      ["\r", "\r", "\r", "\r", "\r"],
    ]) {
      const lines = ["text,label", "t0,spam", "t1,ham", "t2,spam", "t3,ham"].map((line, i) => line + ends[i]);
      expect(await read("train.csv", lines.join(""))).toEqual(expected);
    }
  });

  test("columns without a name, and names that come twice, are named as pandas does", async () => {
    const rows = await read("train.csv", ",text,text,label,\n0,a,b,1,x\n");
    expect(rows[0]?.values).toEqual({ "Unnamed: 0": 0, text: "a", "text.1": "b", label: 1, "Unnamed: 4": "x" });
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
    ["train.json", '[{"a": 1}]\n[', /continues after .*\n.*train.json:2/],
    ["train.csv", "a,b\n1,2\n1,2,3\n", /malformed CSV.*\n.*train.csv:3/],
    ["train.csv", "a,b\n1\n1,2\n", /malformed CSV.*\n.*train.csv:2/],
    ["train.csv", 'a,b\n1,"2\n', /malformed CSV.*[\s\S]*train.csv:/],
  ])("%s %j", async (name, content, message) => {
    const error = await refusal(name, content);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(message);
  });

  test.each(["train.jsonl", "train.json", "train.csv"])("%s.gz that is cut off", async (name) => {
    const error = (await refusal(`${name}.gz`, gzipSync(name.endsWith("csv") ? csv : jsonl).subarray(0, 40))) as Error;
    expect(error.message).toMatch(/gzip data is damaged or truncated/);
  });

  test.each(["train.jsonl", "train.json", "train.csv", "train.csv.gz"])("%s without rows", async (name) => {
    const text = name === "train.json" ? "[]" : name.includes("csv") ? "text,label\n" : "\n";
    const error = await refusal(name, name.endsWith(".gz") ? gzipSync(text) : text);
    expect((error as Error).message).toMatch(new RegExp(`contains no rows\\n.*${name}`));
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
      train: [`${folder}/train.jsonl.gz`],
      dev: [`${folder}/dev.csv`],
      validation: [`${folder}/dev.csv`],
      test: [`${folder}/test.parquet`],
    });
  });

  test.each<[layout: string, files: string[]]>([
    ["numbered", ["train-00000-of-00002.jsonl", "train-00001-of-00002.jsonl", "dev.jsonl"]],
    ["in data/", ["data/train-00000-of-00002.jsonl", "data/train-00001-of-00002.jsonl", "data/dev.jsonl", "README.md"]],
    ["named", ["train-a.jsonl", "train_b.jsonl", "validation-1.jsonl"]],
    ["in a folder a split", ["train/a.jsonl", "train/b.jsonl", "validation/a.jsonl"]],
  ])("several files are one split, in the order of their names: %s", async (_, files) => {
    const folder = await folderWith(Object.fromEntries(files.map((name, i) => [name, `{"text": "${i}"}\n`])));
    const splits = await findSplits(folder);
    expect(splits.get("train")).toEqual(files.slice(0, 2).map((name) => `${folder}/${name}`));
    expect(splits.get("validation")).toEqual([`${folder}/${files[2]}`]);
    const rows = await collected(await readRows(folder, "train"));
    expect(rows.map(({ values, where }) => [values.text, where])).toEqual([
      ["0", `${folder}/${files[0]}:1`],
      ["1", `${folder}/${files[1]}:1`],
    ]);
  });

  test("a file of the split's own name goes before shards, which stay splits of their own", async () => {
    const folder = await folderWith({ "train.jsonl": jsonl, "train-small.jsonl": jsonl });
    const splits = await findSplits(folder);
    expect(splits.get("train")).toEqual([`${folder}/train.jsonl`]);
    expect(splits.get("train-small")).toEqual([`${folder}/train-small.jsonl`]);
  });

  test("a shard that is not there", async () => {
    const folder = await folderWith({ "train-00000-of-00002.jsonl": jsonl });
    await expect(findSplits(folder)).rejects.toThrow(
      /only 1 of the 2 files of the split "train" are there\n.*train-00000-of-00002/,
    );
  });

  test("a single file is the split train", async () => {
    const file = join(await folderWith({ "mine.jsonl": jsonl }), "mine.jsonl");
    expect([...(await findSplits(file))]).toEqual([["train", [file]]]);
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
      /no split "test"\n.*of its splits: dev \(dev.jsonl\), train \(train.jsonl\)/,
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

test("a misspelled column is answered with the one that is meant", () => {
  const row = { values: { text: "a", id: 1, category: "x" }, where: "d.csv:2" };
  expect(() => column(row, ["categry"], "label_column")).toThrow("e.g. label_column: category.");
  expect(() => column(row, ["verdict"], "label_column")).toThrow("e.g. label_column: text.");
});
