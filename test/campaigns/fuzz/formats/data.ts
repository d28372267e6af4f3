import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { classesOf, readSplit } from "../../../../src/assemble/dataset.ts";
import { withProblemType } from "../../../../src/assemble/problem-type.ts";
import { MAX_ROW, parquetRows } from "../../../../src/data/parquet-rows.ts";
import { parseRow } from "../../../../src/data/row.ts";
import { DataError, LowrankError, revivedError } from "../../../../src/errors.ts";
import type { Random } from "../../../../src/random.ts";
import type { TaskType } from "../../../../src/task-types/index.ts";
import type { Split } from "../../../../src/tasks/definition.ts";
import { loadTokenizer } from "../../../../src/tokenizer/tokenizer.ts";
import { lookAtRows } from "../../../../src/verbs/init/rows.ts";
import { recipeOf } from "../../../../src/verbs/model.ts";
import { chance, type Format, type Mutate, type Mutation, pick, type Seed } from "../format.ts";
import { mutateBytes } from "../mutate-bytes.ts";
import { mutateJson, mutateJsonText } from "../mutate-json.ts";
import { mutateParquet } from "../mutate-parquet.ts";
import { mutateText } from "../mutate-text.ts";
import { fixture } from "./fixtures.ts";

const classifying = loadTokenizer(fixture("bert"));
/** With a chat template, for conversations. */
const language = loadTokenizer(fixture("chat/bytes")).then((tokenizer) => ({
  ...tokenizer,
  chatTemplate: "{% for m in messages %}{{ m.role + ': ' + m.content + eos_token }}{% endfor %}",
}));

type Values = Readonly<Record<string, unknown>>;

/** The rows of a Parquet file, decoded in this process; errors of the decoder are refusals, as the library has them. */
async function rowsHere(path: string): Promise<Values[]> {
  const found: Values[] = [];
  try {
    for await (const json of parquetRows(path, {})) {
      if (json.length > MAX_ROW) throw new RangeError("a row is too long");
      found.push(parseRow(json, `${path}:row ${found.length + 1}`, "").values);
    }
  } catch (cause) {
    throw cause instanceof LowrankError
      ? cause
      : new DataError("cannot read this Parquet file", { where: path, cause });
  }
  return found;
}

/** Modules as they are built: the reader of Parquet starts a process for each file, which TypeScript makes ten times as slow. */
const built = async <Module>(path: string): Promise<Module> =>
  (await import(new URL(`../../../../dist/${path}.js`, import.meta.url).href)) as Module;

/** Processor time after which its decoder is taken to loop, in seconds: less than usual, for files of a few kilobytes. */
const MAX_STALL = 0.3;

/** The rows of a Parquet file, decoded in a process of their own; errors of the built library as those of its sources. */
async function rowsApart(path: string): Promise<Values[]> {
  const { readParquet } = await built<typeof import("../../../../src/data/parquet.ts")>("data/parquet");
  const found: Values[] = [];
  try {
    for await (const { values } of readParquet(path, MAX_STALL)) found.push(values);
  } catch (error) {
    const { plainError } = await built<typeof import("../../../../src/errors.ts")>("errors");
    throw revivedError(plainError(error));
  }
  return found;
}

const readParquetWith =
  (rowsOf: (path: string) => Promise<Values[]>) =>
  async (folder: string, file: string): Promise<void> => {
    if (!file.includes("parquet")) return readData(folder, file);
    const train = await rowsOf(join(folder, file));
    const keys = train[0] && "words" in train[0] ? WORDS : ({ task_type: "SEQ_CLS" } as const);
    const given = recipeOf({ model_name_or_path: "none", dataset_name: "none", max_length: 32, ...keys });
    const recipe = await withProblemType(given, NO_CONFIG, "train", { train });
    await encode(await readSplit(recipe, "train", { rows: { train } }), keys.task_type);
  };

/** Both ways to read Parquet: see {@link Format}. */
const parquetReads = { read: readParquetWith(rowsHere), readApart: readParquetWith(rowsApart) };

const readData = (folder: string, file: string): Promise<void> => readRows(join(folder, file));

/** Of a base that says nothing of its head. */
const NO_CONFIG = { config: {}, where: "config.json" };

const WORDS = { task_type: "TOKEN_CLS", text_column: "words", label_column: "tags" } as const;

async function encode(split: Split, task: TaskType): Promise<void> {
  const tokenizer = await (task === "CAUSAL_LM" ? language : classifying);
  const { examples } = await split.encode({ tokenizer, labels: classesOf(task, split, {}), maxLength: 32 });
  examples.close();
}

/** Rows of a file that a second task tokenizes too: a tokenizer may take a second for 100,000 characters. */
const FEW_ROWS = 1000;

/** Reads a data file as `init` looks at it, and as the tasks that suit it tokenize it: two, or one where it has many rows. */
async function readRows(dataset_name: string): Promise<void> {
  const { uses, size } = await lookAtRows({ dataset_name });
  for (const { task_type, keys } of uses.slice(0, size > FEW_ROWS ? 1 : 2)) {
    const given = recipeOf({ model_name_or_path: "none", dataset_name, task_type, ...keys, max_length: 32 });
    const recipe = await withProblemType(given, NO_CONFIG, "train");
    await encode(await readSplit(recipe, "train"), task_type);
  }
}

const rows: readonly Readonly<Record<string, unknown>>[] = Array.from({ length: 8 }, (_, i) => ({
  text: `The rent of ${i},000 € is due, “monthly”.`,
  label: ["yes", "no"][i % 2],
  score: i / 7,
  id: i,
}));
const words = rows.map(() => ({ words: ["The", "rent", "is", "due"], tags: ["O", "B-X", "O", "I-X"] }));
const chats = rows.map(({ text }) => ({
  messages: [{ role: "user", content: text }, { role: "assistant", content: "Yes." }],
})); // biome-ignore format: one row
const prompts = rows.map(({ text }) => ({ prompt: text, completion: " Yes." }));
const KINDS = { rows, words, chats, prompts };

const lines = (values: readonly unknown[]): string => values.map((row) => `${JSON.stringify(row)}\n`).join("");
const seedOf = (name: string, file: string, bytes: Uint8Array | string): Seed => ({
  name,
  files: { [file]: Buffer.from(bytes) },
  mutated: [file],
});

/** Changes one line of JSON Lines as JSON; one in four has the file's text changed instead. */
const mutateLines: Mutate = (bytes, random, file) => {
  if (chance(random, 0.25))
    return mutateText(["\n", "\r\n", "{", "}", '"', ",", "\u2028", "\ufeff"])(bytes, random, file);
  const all = new TextDecoder().decode(bytes).trimEnd().split("\n");
  const at = random.int(all.length);
  const { text, changes } = mutateJsonText(Buffer.from(all[at] as string), random);
  return { bytes: Buffer.from(`${all.with(at, text).join("\n")}\n`), changes: `line ${at + 1}: ${changes}` };
};

/** JSON Lines of every kind of row. */
export const jsonl: Format = {
  name: "JSON Lines",
  mutate: mutateLines,
  seeds: async () => Object.entries(KINDS).map(([name, values]) => seedOf(name, "data.jsonl", lines(values))),
  read: readData,
};

/** Arrays of rows. */
export const json: Format = {
  name: "JSON array",
  mutate: mutateJson,
  seeds: async () =>
    Object.entries(KINDS).map(([name, values]) => seedOf(name, "data.json", JSON.stringify(values, null, 1))),
  read: readData,
};

const CSV = [
  "\r\n",
  "\r",
  "\n",
  '"',
  '""',
  '","',
  ",,,,",
  ";",
  "\t",
  "\ufeff",
  "\0",
  ",\n",
  "text,text\n",
  "=1+1",
  "#",
  "\u0085",
];
const quoted = (value: unknown): string => `"${String(value).replaceAll('"', '""')}"`;

/** Comma-separated values. */
export const csv: Format = {
  name: "CSV",
  mutate: mutateText(CSV),
  seeds: async () => {
    const header = Object.keys(rows[0] as object);
    const records = rows.map((row) => header.map((name) => quoted(row[name])).join(","));
    const table = `${header.join(",")}\n${records.join("\n")}\n`;
    return [seedOf("quoted", "data.csv", table), seedOf("plain", "data.csv", "text,label\na b,0\nc d,1\ne,1\n")];
  },
  read: readData,
};

const PARQUET = join(import.meta.dirname, "../fixtures");
const parquetSeeds = (): Seed[] => {
  const files = readdirSync(PARQUET).filter((name) => name.endsWith(".parquet"));
  return files.map((name) => seedOf(name, "data.parquet", new Uint8Array(readFileSync(join(PARQUET, name)))));
};

/** Parquet in every compression and encoding that is read: footer, page headers, bytes. */
export const parquet: Format = {
  name: "Parquet",
  mutate: mutateParquet,
  seeds: async () => parquetSeeds(),
  ...parquetReads,
};

const INNER: Readonly<Record<string, Mutate>> = { jsonl: mutateLines, csv: mutateText(CSV), parquet: mutateParquet };

/** Gzip of the others: its own bytes changed, or what is inside. */
export const gzip: Format = {
  name: "gzip",
  mutate(bytes: Uint8Array, random: Random, file: string): Mutation {
    if (chance(random, 0.6)) return mutateBytes(bytes, random);
    const format = file.split(".")[1] ?? "";
    const inner = INNER[format]?.(unpacked.get(bytes) ?? bytes, random, file) ?? mutateBytes(bytes, random);
    const members = pick(random, [1, 1, 2]);
    return { ...inner, bytes: Buffer.concat(new Array(members).fill(gzipSync(inner.bytes, { level: 1 }))) };
  },
  seeds: async () => {
    const parquet = parquetSeeds().find(({ name }) => name === "snappy.parquet")?.files["data.parquet"] as Uint8Array;
    const inner = {
      "data.jsonl": Buffer.from(lines(rows)),
      "data.csv": Buffer.from("text,label\na b,0\nc,1\n"),
      "data.parquet": parquet,
    };
    return Object.entries(inner).map(([name, bytes]) => {
      const packed = gzipSync(bytes);
      unpacked.set(packed, bytes);
      return { name, files: { [`${name}.gz`]: packed }, mutated: [`${name}.gz`] };
    });
  },
  ...parquetReads,
};

/** What is inside a seed. */
const unpacked = new Map<Uint8Array, Uint8Array>();
