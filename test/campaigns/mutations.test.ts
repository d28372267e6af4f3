import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { DataError } from "../../src/errors.ts";
import { Random } from "../../src/random.ts";
import { complaints } from "./bad-inputs/judged.ts";
import type { Ran } from "./bad-inputs/run-lowrank.ts";
import type { BadInput } from "./bad-inputs/workshop.ts";
import type { Mutate } from "./fuzz/format.ts";
import { FORMATS } from "./fuzz/formats/index.ts";
import { jsonSpans } from "./fuzz/json-spans.ts";
import { judge } from "./fuzz/judged.ts";
import { mutateBytes } from "./fuzz/mutate-bytes.ts";
import { mutateGguf } from "./fuzz/mutate-gguf.ts";
import { mutateJson } from "./fuzz/mutate-json.ts";
import { mutateParquet } from "./fuzz/mutate-parquet.ts";
import { mutateSafetensors } from "./fuzz/mutate-safetensors.ts";
import { mutateText } from "./fuzz/mutate-text.ts";
import { tableLines } from "./report.ts";

const document = Buffer.from('{"a": [1, -2.5e3, {"b\\"": "x\\\\"}], "c": null}');

test("spans of a JSON text are its values", () => {
  const text = document.toString();
  expect(jsonSpans(text).map(({ path, kind, start, end }) => [path, kind, text.slice(start, end)])).toEqual([
    ["", "object", text],
    ["a", "array", '[1, -2.5e3, {"b\\"": "x\\\\"}]'],
    ["a[0]", "number", "1"],
    ["a[1]", "number", "-2.5e3"],
    ["a[2]", "object", '{"b\\"": "x\\\\"}'],
    ['a[2].b\\"', "string", '"x\\\\"'],
    ["c", "word", "null"],
  ]);
});

describe.each([["bytes", mutateBytes], ["JSON", mutateJson]] as const)("mutations of %s", (_, mutate) => {
  const made = (index: number) => mutate(document, Random.seed(1).stream(`test:${index}`), "file");

  test("are the same for a seed and an index, and leave the original as it is", () => {
    const before = document.toString();
    for (let i = 0; i < 200; i++) expect(made(i)).toEqual(made(i));
    expect(document.toString()).toBe(before);
  });

  test("differ from each other and from the original", () => {
    const texts = new Set(Array.from({ length: 200 }, (_, i) => Buffer.from(made(i).bytes).toString("latin1")));
    expect(texts.size).toBeGreaterThan(100);
  });
}); // biome-ignore format: a table

describe("a read", () => {
  test("may end or be refused", async () => {
    expect((await judge(async () => {})).wrong).toBeUndefined();
    expect((await judge(async () => Promise.reject(new DataError("no rows")))).wrong).toBeUndefined();
  });

  test("may not throw anything else", async () => {
    const { wrong } = await judge(async () => Promise.reject(new TypeError('x of "y" is 12')));
    expect(wrong?.kind).toBe("error");
    expect(wrong?.what).toMatch(/^TypeError: x of "…" is N/);
  });

  test("may not take 200 MB", async () => {
    const { wrong } = await judge(async () => new Uint8Array(300e6).fill(1));
    expect(wrong?.kind).toBe("growth");
  });
});

test("a table's numbers stand on the right", () => {
  expect(tableLines([["format", "mutations"], ["csv", 12_000]])).toEqual(["format  mutations", "csv        12,000"]);
}); // biome-ignore format: a table

describe("structure-aware mutations", () => {
  const changed = (mutate: Mutate, bytes: Uint8Array, file: string, count = 200): string[] =>
    Array.from({ length: count }, (_, i) => mutate(bytes, Random.seed(2).stream(String(i)), file).changes);

  test.each<[name: string, Mutate, path: string, ...expected: RegExp[]]>([
    ["GGUF", mutateGguf, "../parity/fixtures/gguf/llama.gguf", /tensor count = /, /dim 0 of /, /left out/],
    ["Parquet", mutateParquet, "fuzz/fixtures/snappy.parquet", /^footer/, /^page/, /\(length\) = /],
    ["safetensors", mutateSafetensors, "../parity/fixtures/llama/model.safetensors", /data_offsets/, /^header of /],
    ["text", mutateText(["|"]), "fuzz/fixtures/make_parquet.py", /to ".*\|"/],
  ])("of %s meet its parts, and are the same again", (_, mutate, path, ...expected) => {
    const bytes = new Uint8Array(readFileSync(new URL(path, import.meta.url)));
    const changes = changed(mutate, bytes, path);
    for (const pattern of expected) expect(changes.filter((change) => pattern.test(change)).length).toBeGreaterThan(2);
    expect(changed(mutate, bytes, path)).toEqual(changes);
  });
});

describe("every format", () => {
  const scratch = mkdtempSync(join(tmpdir(), "lowrank-seeds-"));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  test.each(Object.values(FORMATS))("$name has seeds, with the files that are mutated", async ({ seeds, name }) => {
    const folder = join(scratch, name);
    mkdirSync(folder);
    const made = await seeds(folder);
    expect(made.length).toBeGreaterThan(0);
    for (const { files, mutated } of made) expect(Object.keys(files)).toEqual(expect.arrayContaining([...mutated]));
  });
});

describe("the command line, met by a bad input", () => {
  const quiet: Ran = { exit: 2, stderr: "rows.csv: no column", seconds: 1, cpuSeconds: 1, peakMb: 100, left: [] };
  const input: BadInput = { name: "", family: "", args: () => [], says: /rows\.csv/ };
  const wrong = (ran: Partial<Ran>) => complaints(input, { ...quiet, ...ran }, quiet);

  test("is right to refuse it", () => expect(wrong({})).toEqual([]));

  test.each<[Partial<Ran>, RegExp]>([
    [{ exit: 1 }, /exit 1/],
    [{ stderr: "" }, /nothing on stderr/],
    [{ stderr: "rows.csv\n    at read (/src/csv.js:1:2)" }, /a stack/],
    [{ stderr: "something else" }, /does not match/],
    [{ cpuSeconds: 4 }, /took 3\.0 s/],
    [{ seconds: 30 }, /by the clock/],
    [{ peakMb: 400 }, /300 MB more/],
    [{ left: ["out"] }, /left out/],
  ])("is wrong with %j", (ran, expected) => expect(wrong(ran)[0]).toMatch(expected));
});
