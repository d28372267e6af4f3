import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { type BadInput, fixture, type Keys, type Workshop } from "../workshop.ts";

type Make = (workshop: Workshop) => string;
const ROW = '{"text":"The rent is due.","label":"payment"}\n{"text":"No liability.","label":"liability"}\n';
const file =
  (name: string, content: string | Uint8Array): Make =>
  (workshop) =>
    workshop.put(name, content);
const jsonl = (...lines: readonly string[]): Make => file("rows.jsonl", `${ROW}${lines.join("\n")}\n`);
const csv = (text: string | Uint8Array): Make => file("rows.csv", text);
const folder =
  (files: Readonly<Record<string, string>>): Make =>
  (workshop) => {
    mkdirSync(workshop.at("data"), { recursive: true });
    for (const [name, content] of Object.entries(files)) workshop.put(`data/${name}`, content);
    return workshop.at("data");
  };
const special =
  (name: string, make: (path: string) => void): Make =>
  (workshop) => {
    make(workshop.at(name));
    return workshop.at(name);
  };
const deep = (depth: number, inner = ""): string => "[".repeat(depth) + inner + "]".repeat(depth);

/** Members of gzip, of which each unpacks to ten megabytes of a letter: a gigabyte costs a megabyte and no time. */
const bomb = (begin: string, letter: string, count: number, end = ""): Buffer => {
  const block = gzipSync(Buffer.alloc(10_000_000, letter), { level: 9 });
  return Buffer.concat([gzipSync(begin), ...new Array<Buffer>(count).fill(block), gzipSync(end)]);
};

const PARQUET = (name: string): Buffer => readFileSync(new URL(`../../fuzz/fixtures/${name}.parquet`, import.meta.url));
const parquet =
  (change: (bytes: Buffer) => Uint8Array, name = "snappy"): Make =>
  (workshop) =>
    workshop.put("rows.parquet", change(PARQUET(name)));
const flipped = (at: number) =>
  parquet((bytes) => {
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    return bytes;
  });
const footer = (from: string, to: string) =>
  parquet((bytes) => {
    const at = bytes.indexOf(from, Math.max(0, bytes.length - 900));
    bytes.write(to, at);
    return bytes;
  });
/** A footer that counts a billion rows in a group of a few hundred bytes. */
const manyRows = parquet((bytes) => {
  const length = bytes.readUInt32LE(bytes.length - 8);
  const [from, to] = [bytes.length - 8 - length, bytes.length - 8];
  const before = bytes.subarray(from, to);
  const at = before.indexOf(Buffer.of(0x16, 0x40)); // i64, 32 zigzagged
  if (at === -1) return bytes.subarray(0, 10);
  const changed = Buffer.concat([
    before.subarray(0, at + 1),
    Buffer.of(0x80, 0xa8, 0xd6, 0xb9, 0x07),
    before.subarray(at + 2),
  ]);
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(changed.length);
  tail.write("PAR1", 4);
  return Buffer.concat([bytes.subarray(0, from), changed, tail]);
});

const train = (workshop: Workshop, dataset_name: string, keys: Keys): readonly string[] => [
  "train",
  workshop.recipe({ dataset_name, ...keys }),
];
const VERBS = [
  train,
  (workshop: Workshop, dataset_name: string, keys: Keys) => ["plan", workshop.recipe({ dataset_name, ...keys })],
  (workshop: Workshop, dataset_name: string, keys: Keys) => [
    "compare",
    workshop.recipe({ dataset_name, ...keys }),
    "--methods",
    "lora",
  ],
  (workshop: Workshop, dataset_name: string, keys: Keys) => [
    "inspect",
    workshop.recipe({ dataset_name, ...keys }),
    "--data",
  ],
  (workshop: Workshop, dataset_name: string, keys: Keys) => [
    "evaluate",
    workshop.recipe({ dataset_name, dataset_test_split: "train", ...keys }),
  ],
];

type Row = readonly [name: string, make: Make, says: RegExp, keys?: Keys];
const family = (name: string, rows: readonly Row[], preset: Keys = {}): BadInput[] =>
  rows.map(([title, make, says, keys = {}], i) => ({
    name: title,
    family: name,
    says,
    args: (workshop) => VERBS[i % VERBS.length]?.(workshop, make(workshop), { ...preset, ...keys }) ?? [],
  }));

const text: BadInput[] = family("text files", [
  ["a file that is not there", (workshop) => workshop.at("none.jsonl"), /none\.jsonl/],
  ["an empty file", file("rows.jsonl", ""), /rows\.jsonl/],
  ["blank lines", file("rows.jsonl", "\n\n\n"), /rows\.jsonl/],
  ["an unknown ending", file("rows.xlsx", ROW), /rows\.xlsx/],
  ["no ending", file("rows", ROW), /rows/],
  ["an empty folder", folder({}), /data/],
  ["a folder without data", folder({ "notes.txt": "x" }), /notes\.txt/],
  ["two files for a split", folder({ "train.jsonl": ROW, "train.csv": "text,label\na,b\n" }), /two files|train/],
  ["a split that is not there", folder({ "test.jsonl": ROW }), /split/],
  ["a line cut off", jsonl('{"text": "a"'), /rows\.jsonl:3/],
  ["a line that is a list", jsonl("[1]"), /rows\.jsonl:3/],
  ["a line that is null", jsonl("null"), /rows\.jsonl:3/],
  ["single quotes", jsonl("{'text': 'a', 'label': 'b'}"), /rows\.jsonl:3/],
  ["NaN", jsonl('{"text": "a", "label": NaN}'), /rows\.jsonl:3/],
  ["no text", jsonl('{"txt": "a", "label": "b"}'), /rows\.jsonl:3/],
  ["no label", jsonl('{"text": "a"}'), /rows\.jsonl:3/],
  ["a text that is null", jsonl('{"text": null, "label": "payment"}'), /rows\.jsonl:3/],
  ["a label that is null", jsonl('{"text": "a", "label": null}'), /rows\.jsonl:3/],
  ["a label that is an object", jsonl('{"text": "a", "label": {}}'), /rows\.jsonl:3/],
  ["a label of 1e9 among names", jsonl('{"text": "a", "label": 1000000000}'), /rows\.jsonl/],
  ["nested 100,000 deep", jsonl(`{"text": "a", "label": "payment", "x": ${deep(100_000)}}`), /rows\.jsonl:3/],
  ["a line nested 500,000 deep and cut", jsonl(`{"x":${"[".repeat(500_000)}`), /rows\.jsonl:3/],
  ["no UTF-8", file("rows.jsonl", Buffer.concat([Buffer.from(ROW), Buffer.from([0x22, 0xff, 0x0a])])), /rows\.jsonl/],
  ["UTF-16", file("rows.jsonl", Buffer.from(`\ufeff${ROW}`, "utf16le")), /rows\.jsonl/],
  ["a line of 120 MB", (workshop) => { const path = workshop.put("rows.jsonl", '{"text": "a", "label": "payment", "x": "'); writeFileSync(path, Buffer.alloc(120_000_000, "a"), { flag: "a" }); writeFileSync(path, '"}\n', { flag: "a" }); return path; }, /rows\.jsonl:1/],
  ["600 MB of NUL", special("rows.jsonl", (path) => { writeFileSync(path, ""); truncateSync(path, 600e6); }), /rows\.jsonl/],
  ["a pipe", special("rows.jsonl", (path) => execFileSync("mkfifo", [path])), /rows\.jsonl/],
  ["/dev/zero", special("rows.jsonl", (path) => symlinkSync("/dev/zero", path)), /rows\.jsonl/],
  ["a folder named like a file", special("data.jsonl", (path) => mkdirSync(path)), /data\.jsonl/],
  ["a dead link", special("rows.jsonl", (path) => symlinkSync("nowhere", path)), /rows\.jsonl/],
  ["only empty texts", file("rows.jsonl", '{"text": "", "label": "payment"}\n{"text": " ", "label": "liability"}\n'), /rows\.jsonl|nothing|empty/],
  ["a JSON array that is not closed", file("rows.json", '[{"text": "a", "label": "payment"},'), /rows\.json/],
  ["a JSON array with more behind", file("rows.json", '[{"text": "a", "label": "payment"}] x'), /rows\.json/],
  ["a JSON array of numbers", file("rows.json", "[1, 2]"), /rows\.json/],
  ["an empty JSON array", file("rows.json", "[]"), /rows\.json/],
  ["a JSON array nested 1,000,000 deep", file("rows.json", `[{"a":${"[".repeat(1_000_000)}`), /rows\.json/],
  ["a JSON array of one string of 120 MB", (workshop) => workshop.put("rows.json", `[{"text":"${"a".repeat(120_000_000)}"}]`), /rows\.json/],
]); // biome-ignore format: a table

const tables: BadInput[] = family("CSV", [
  ["an empty file", csv(""), /rows\.csv/],
  ["a header alone", csv("text,label\n"), /rows\.csv/],
  ["a quote that is not closed", csv('text,label\n"a,b\n'), /rows\.csv/],
  ["too many fields", csv("text,label\na,b,c\n"), /rows\.csv:2/],
  ["too few fields", csv("text,label\na\n"), /rows\.csv:2/],
  ["other columns", csv("a,b\n1,2\n"), /rows\.csv/],
  ["semicolons", csv("text;label\na;b\n"), /rows\.csv:1[\s\S]*delimiter: ";"/],
  ["a million columns", csv(`${"a,".repeat(1_000_000)}a\n`), /rows\.csv/],
  ["an empty label", csv("text,label\na,payment\nb,\n"), /rows\.csv:3/],
  ["a field of 120 MB", (workshop) => workshop.put("rows.csv", `text,label\n"${"a".repeat(120_000_000)}",b\n`), /rows\.csv/],
  ["no UTF-8", csv(Buffer.from([0x74, 0x65, 0x78, 0x74, 0x0a, 0xff, 0xfe, 0x0a])), /rows\.csv/],
  ["/dev/zero", special("rows.csv", (path) => symlinkSync("/dev/zero", path)), /rows\.csv/],
  ["a pipe", special("rows.csv", (path) => execFileSync("mkfifo", [path])), /rows\.csv/],
]); // biome-ignore format: a table

const packed: BadInput[] = family("gzip", [
  ["an empty file", file("rows.jsonl.gz", ""), /rows\.jsonl\.gz/],
  ["no gzip", file("rows.jsonl.gz", ROW), /rows\.jsonl\.gz/],
  ["cut off", file("rows.jsonl.gz", gzipSync(ROW).subarray(0, -12)), /rows\.jsonl\.gz/],
  ["a wrong checksum", (workshop) => { const bytes = gzipSync(ROW); bytes.writeUInt32LE(7, bytes.length - 8); return workshop.put("rows.jsonl.gz", bytes); }, /rows\.jsonl\.gz/],
  ["zstd under that name", file("rows.jsonl.gz", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0])), /rows\.jsonl\.gz/],
  ["a bomb in a line", (workshop) => workshop.put("rows.jsonl.gz", bomb('{"text":"', "a", 100, '"}')), /rows\.jsonl\.gz/],
  ["a bomb of spaces", (workshop) => workshop.put("rows.json.gz", bomb("[", " ", 100)), /rows\.json\.gz/],
  ["a bomb in a CSV field", (workshop) => workshop.put("rows.csv.gz", bomb('text,label\n"', "a", 100)), /rows\.csv\.gz/],
  ["a bomb for Parquet", (workshop) => workshop.put("rows.parquet.gz", bomb("PAR1", "\0", 100)), /rows\.parquet\.gz/],
  ["a million columns", file("rows.csv.gz", gzipSync(`${"a,".repeat(1_000_000)}a\n`)), /rows\.csv\.gz/],
]); // biome-ignore format: a table

const columns: BadInput[] = family("Parquet", [
  ["an empty file", file("rows.parquet", ""), /rows\.parquet/],
  ["the magic alone", file("rows.parquet", "PAR1PAR1"), /rows\.parquet/],
  ["text under that name", file("rows.parquet", ROW), /rows\.parquet/],
  ["cut off", parquet((bytes) => bytes.subarray(0, 600)), /rows\.parquet/],
  ["its beginning cut off", parquet((bytes) => bytes.subarray(300)), /rows\.parquet/],
  ["a footer of 2^31 bytes", parquet((bytes) => { bytes.writeUInt32LE(2 ** 31, bytes.length - 8); return bytes; }), /rows\.parquet/],
  ["a footer of no bytes", parquet((bytes) => { bytes.writeUInt32LE(0, bytes.length - 8); return bytes; }), /rows\.parquet/],
  ["a footer of ones", parquet((bytes) => bytes.fill(0xff, bytes.length - 300, bytes.length - 8)), /rows\.parquet/],
  ["a footer of zeros", parquet((bytes) => bytes.fill(0, bytes.length - 300, bytes.length - 8)), /rows\.parquet/],
  ["pages of ones", parquet((bytes) => bytes.fill(0xff, 4, 300)), /rows\.parquet/],
  ["pages of zeros", parquet((bytes) => bytes.fill(0, 4, 300)), /rows\.parquet/],
  ["a page type flipped", flipped(5), /rows\.parquet/],
  ["pages of another compression", parquet((bytes) => Buffer.concat([bytes.subarray(0, 4), PARQUET("gzip").subarray(4, 400), bytes.subarray(400)])), /rows\.parquet/],
  ["a billion rows", manyRows, /rows\.parquet/],
  ["a column of another name", footer("text", "tuxt"), /rows\.parquet|column/],
  ["encrypted", parquet((bytes) => { bytes.write("PARE", bytes.length - 4); return bytes; }), /rows\.parquet/],
  ["/dev/zero", special("rows.parquet", (path) => symlinkSync("/dev/zero", path)), /rows\.parquet/],
  ["a pipe", special("rows.parquet", (path) => execFileSync("mkfifo", [path])), /rows\.parquet/],
]); // biome-ignore format: a table

const CAUSAL = { task_type: "CAUSAL_LM", model_name_or_path: fixture("causal/llama") };
const chat = (...messages: readonly unknown[]): Make =>
  file("rows.jsonl", messages.map((value) => `${JSON.stringify({ messages: value })}\n`).join(""));
const USER = { role: "user", content: "Who pays?" };
const languages: BadInput[] = family("rows of conversations", [
  ["messages a number", chat(7), /rows\.jsonl:1/],
  ["messages null", chat(null), /rows\.jsonl:1/],
  ["no messages", chat([]), /rows\.jsonl:1|messages/],
  ["messages of numbers", chat([1, 2]), /rows\.jsonl:1/],
  ["a message without content", chat([USER, { role: "assistant" }]), /rows\.jsonl:1/],
  ["a message without role", chat([{ content: "a" }]), /rows\.jsonl:1/],
  ["a content that is a number", chat([USER, { role: "assistant", content: 7 }]), /rows\.jsonl:1/],
  ["a content of images", chat([{ role: "user", content: [{ type: "image", image: "x.png" }] }]), /rows\.jsonl:1|template/],
  ["a model without a template", chat([USER, { role: "assistant", content: "Ada." }]), /template/],
  ["prompt without completion", file("rows.jsonl", '{"prompt": "a"}\n'), /rows\.jsonl:1/],
  ["text a list", file("rows.jsonl", '{"text": ["a"]}\n'), /rows\.jsonl:1/],
], CAUSAL); // biome-ignore format: a table

const TOKENS = {
  task_type: "TOKEN_CLS",
  model_name_or_path: fixture("bert-tokens"),
  text_column: "words",
  label_column: "tags",
};
const tagged = (...rows: readonly object[]): Make =>
  file("rows.jsonl", rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
const words: BadInput[] = family("rows of words", [
  ["fewer tags than words", tagged({ words: ["a", "b"], tags: ["O"] }), /rows\.jsonl:1/],
  ["words as text", tagged({ words: "a b", tags: ["O", "O"] }), /rows\.jsonl:1/],
  ["tags as text", tagged({ words: ["a"], tags: "O" }), /rows\.jsonl:1/],
  ["words that are numbers", tagged({ words: [1], tags: ["O"] }), /rows\.jsonl:1/],
  ["a tag that is null", tagged({ words: ["a"], tags: [null] }), /rows\.jsonl:1/],
  ["no words", tagged({ words: [], tags: [] }), /rows\.jsonl|nothing|words/],
], TOKENS); // biome-ignore format: a table

const split = (name: string, files: Readonly<Record<string, string>>, says: RegExp, keys: Keys = {}): BadInput => ({
  name,
  family: "splits",
  says,
  args: (workshop) => train(workshop, folder(files)(workshop), keys),
});
const splits: readonly BadInput[] = [
  split(
    "a label in test that training never saw",
    { "train.jsonl": ROW, "test.jsonl": '{"text": "a", "label": "other"}\n' },
    /test\.jsonl:1/,
  ),
  split("an empty test split", { "train.jsonl": ROW, "test.jsonl": "" }, /test\.jsonl/),
  split("a damaged validation split", { "train.jsonl": ROW, "validation.jsonl": "{" }, /validation\.jsonl:1/, {
    eval_strategy: "epoch",
  }),
  split(
    "a test split without texts",
    { "train.jsonl": ROW, "test.jsonl": '{"text": "", "label": "payment"}\n' },
    /test\.jsonl|nothing|empty/,
  ),
  split("a split named that is not there", { "train.jsonl": ROW }, /dev/, {
    dataset_validation_split: "dev",
    eval_strategy: "epoch",
  }),
  split("evaluation without a validation split", { "train.jsonl": ROW }, /validation/, { eval_strategy: "epoch" }),
  split("names and a number as labels", { "train.jsonl": `${ROW}{"text": "a", "label": 1.5}\n` }, /train\.jsonl/),
];

/** Data in every format. */
export const dataCases: readonly BadInput[] = [
  ...text,
  ...tables,
  ...packed,
  ...columns,
  ...languages,
  ...words,
  ...splits,
];
