import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findDelimiter } from "../../src/data/delimiter.ts";
import { findSplits, readRows } from "../../src/data/read.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { draftRecipe } from "../../src/verbs/init/draft.ts";
import { collected } from "./collected.ts";
import { folderWith } from "./temporary.ts";

const ROWS = [
  { text: 'pay, "the" fee; or\tleave', label: 1 },
  { text: "state law", label: 0 },
];
const table = (delimiter: string, records: readonly (readonly string[])[] = []) =>
  [["text", "label"], ['"pay, ""the"" fee; or\tleave"', "1"], ["state law", "0"], ...records]
    .map((record) => `${record.join(delimiter)}\n`)
    .join("");
const fileOf = async (name: string, content: string): Promise<string> =>
  join(await folderWith({ [name]: content }), name);
const read = async (name: string, content: string, delimiter?: string) =>
  (await collected(await readRows(await fileOf(name, content), "train", { delimiter }))).map(({ values }) => values);
const recipeWith = (delimiter: string) =>
  parseRecipe(`model_name_or_path: m\ndataset_name: d\ndelimiter: ${delimiter}\n`).delimiter;

test.each([
  ["a.tsv", "\t", undefined],
  ["a.tsv", "\t", "\t"],
  ["a.tsv", ";", ";"],
  ["a.csv", ";", ";"],
  ["a.csv", "\t", "\t"],
  ["a.csv", "^", "^"],
  ["a.txt", "|", "|"],
])("%s separated by %j, delimiter %j", async (name, separator, delimiter) => {
  expect(await read(name, table(separator), delimiter)).toEqual(ROWS);
});

test.each([
  ["a.csv", ";", undefined, /separated by a semicolon, not by a comma\n.*a\.csv:1\n.*delimiter: ";"; spreadsheets/],
  ["a.csv", "\t", undefined, /separated by a tab, not by a comma\n.*a\.csv:1\n.*delimiter: "\\t"\./],
  ["a.tsv", ",", undefined, /separated by a comma, not by a tab/],
  ["a.csv", ",", ";", /separated by a comma, not by a semicolon/],
])("%s separated by %j is refused under %j", async (name, separator, delimiter, message) => {
  await expect(read(name, table(separator), delimiter)).rejects.toThrow(message);
});

test("a header in quotes, which is malformed under the wrong delimiter, is told the right one", async () => {
  await expect(read("a.csv", '"text";"label"\n"a";"b"\n')).rejects.toThrow(/a\.csv:1\n.*delimiter: ";"/);
});

test("a value that breaks a row is told to be quoted for the delimiter in use", async () => {
  await expect(read("a.tsv", table("\t", [["a", "b", "c"]]))).rejects.toThrow(/a\.tsv:4\n.*a value with a tab/);
});

test("a header of one column stays one, whatever it quotes", async () => {
  expect(await read("a.csv", 'text\n"a;b"\n')).toEqual([{ text: "a;b" }]);
  expect(await read("a.csv", '"text;label"\nx\n')).toEqual([{ "text;label": "x" }]);
});

test("a .txt file is a table where a delimiter is given", async () => {
  const folder = await folderWith({ "train.txt": table("|"), "notes.md": "" });
  expect((await findSplits(folder, { delimiter: "|" })).get("train")).toEqual([`${folder}/train.txt`]);
  await expect(findSplits(folder)).rejects.toThrow(/no data file/);
  await expect(readRows(`${folder}/train.txt`, "train")).rejects.toThrow(/format of .*train\.txt[\s\S]*set delimiter/);
});

test("what a table is separated by is found in its header, the preferred one first", async () => {
  expect(await findDelimiter(await fileOf("a.csv", table(";")))).toBe(";");
  expect(await findDelimiter(await fileOf("a.csv", table("^")), "^")).toBe("^");
  expect(await findDelimiter(await fileOf("a.csv", table(",")), ";")).toBe(",");
  expect(await findDelimiter(await fileOf("a.csv", "text,a;b;c\n"))).toBe(",");
  expect(await findDelimiter(await fileOf("a.csv", "text\n"), ";")).toBe(";");
});

test("the recipe's delimiter is one character; tab has names", () => {
  expect([";", '"\\t"', "tab", "'\\t'", '"|"'].map(recipeWith)).toEqual([";", "\t", "\t", "\t", "|"]);
  for (const wrong of ["';;'", "'\"'", '"\\n"', '""']) expect(() => recipeWith(wrong)).toThrow(/:3 delimiter: /);
});

test.each([
  ["a.csv", ";", {}, ";"],
  ["a.tsv", "\t", {}, undefined],
  ["a.txt", "\t", {}, "\t"],
  ["a.csv", "\t", { delimiter: "tab" }, "\t"],
])("init writes the delimiter of %s separated by %j", async (name, separator, chosen, expected) => {
  const dataset_name = await fileOf(name, table(separator));
  const { recipe, yaml } = await draftRecipe("r.yaml", { dataset_name, model_name_or_path: "embedded", ...chosen });
  expect(recipe.delimiter).toBe(expected);
  expect(parseRecipe(yaml).delimiter).toBe(expected);
  expect(readFileSync(dataset_name, "utf8")).toBe(table(separator));
});
