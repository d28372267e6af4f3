import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { copyTokenizer } from "../../../src/formats/transformers/copy-tokenizer.ts";
import { fixture, temporaryFolder } from "../temporary.ts";

const folder = await temporaryFolder();

test("copies the files named, byte for byte, and no others", async () => {
  const files = ["tokenizer.json", "tokenizer_config.json"];
  await copyTokenizer(fixture("bert"), `${folder}/out`, files);
  expect(readdirSync(`${folder}/out`).sort()).toEqual(files);
  for (const name of files)
    expect(readFileSync(`${folder}/out/${name}`)).toEqual(readFileSync(fixture(`bert/${name}`)));
});

test("says which file is not there", async () => {
  await expect(copyTokenizer(fixture("bert"), folder, ["vocab.txt"])).rejects.toThrow(/cannot read .*bert\/vocab.txt/);
});
