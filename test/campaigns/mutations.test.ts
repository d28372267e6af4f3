import { describe, expect, test } from "vitest";
import { DataError } from "../../src/errors.ts";
import { Random } from "../../src/random.ts";
import { jsonSpans } from "./fuzz/json-spans.ts";
import { judge } from "./fuzz/judged.ts";
import { mutateBytes } from "./fuzz/mutate-bytes.ts";
import { mutateJson } from "./fuzz/mutate-json.ts";
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
