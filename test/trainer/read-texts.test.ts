import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readRecipe } from "../../src/trainer/read-recipe.ts";
import { readTexts } from "../../src/trainer/read-texts.ts";

const folder = mkdtempSync(join(tmpdir(), "lowrank-"));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
async function texts(path: string): Promise<string[]> {
  const read: string[] = [];
  for await (const text of readTexts(path)) read.push(text);
  return read;
}

test("one text a line, blank lines left out", async () => {
  expect(await texts(file("a.txt", "one\n\n two \r\n"))).toEqual(["one", " two "]);
  expect(await texts(file("a.jsonl", '{"text":"a\\nb","label":3}\n\n'))).toEqual(["a\nb"]);
});

test("names the line that has no text", async () => {
  const path = file("b.jsonl", '{"text":"a"}\n{"txt":"b"}\n');
  await expect(texts(path)).rejects.toThrow(
    `A line has no text.\n  at: ${path}:2\n  expected: an object with a "text"`,
  );
  await expect(texts(file("c.jsonl", "{"))).rejects.toThrow("A line is not JSON.");
});

test("a recipe's problems are named by its path", async () => {
  const path = file("r.yaml", "model_name_or_path: m\ndataset_name: d\nlora_r: 0\n");
  await expect(readRecipe(path)).rejects.toThrow(`${path}:3 lora_r: expected an integer >= 1, got 0`);
  expect((await readRecipe(path, { lora_r: "4" })).lora_r).toBe(4);
});
