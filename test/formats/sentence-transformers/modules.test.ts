import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DEFAULT_MODULES } from "../../../src/formats/sentence-transformers/modules.ts";
import { readModules } from "../../../src/formats/sentence-transformers/read-modules.ts";
import { saveModules } from "../../../src/formats/sentence-transformers/save-modules.ts";
import { temporaryFolder } from "../temporary.ts";

const root = await temporaryFolder();
let count = 0;

/** A folder with a `modules.json` of these types, and the pooling's configuration. */
function folderOf(types: readonly unknown[], pooling: object = {}): string {
  const folder = `${root}/${count++}`;
  mkdirSync(`${folder}/1_Pooling`, { recursive: true });
  const modules = types.map((type, idx) =>
    typeof type === "string" ? { idx, name: `${idx}`, path: ["", "1_Pooling", "2_Normalize"][idx], type } : type,
  );
  writeFileSync(`${folder}/modules.json`, JSON.stringify(modules));
  writeFileSync(`${folder}/1_Pooling/config.json`, JSON.stringify(pooling));
  return folder;
}

const USUAL = ["sentence_transformers.models.Transformer", "sentence_transformers.models.Pooling"];

test("without modules.json the mean is taken", async () => {
  mkdirSync(`${root}/bare`);
  expect(await readModules(`${root}/bare`)).toEqual(DEFAULT_MODULES);
});

test("what is written is read again", async () => {
  const modules = {
    mode: "cls",
    normalize: true,
    maxLength: 128,
    poolsPrompt: false,
    prompts: { query: "search: " },
    defaultPrompt: "query",
    settings: { prompts: { query: "search: " }, default_prompt_name: "query", similarity_fn_name: "cosine" },
  } as const;
  await saveModules(`${root}/written`, modules, 32, 128);
  expect(await readModules(`${root}/written`)).toEqual(modules);
});

test.each([
  ["flags of older versions", { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }, "cls"],
  ["a name of newer versions", { pooling_mode: "lasttoken" }, "lasttoken"],
  ["a list of one", { pooling_mode: ["mean"] }, "mean"],
])("reads the pooling by %s", async (_, pooling, mode) => {
  expect(await readModules(folderOf(USUAL, pooling))).toMatchObject({ mode, normalize: false });
});

test.each<[string, readonly unknown[], object, RegExp]>([
  ["a module that is not supported", [...USUAL, "sentence_transformers.models.Dense"], {}, /Dense are not supported/],
  ["a pooling that is not supported", USUAL, { pooling_mode: "max" }, /pooling max is not supported/],
  ["several poolings", USUAL, { pooling_mode: ["mean", "cls"] }, /mean and cls is not supported/],
  ["a path that leads out", [USUAL[0], { path: "../x", type: USUAL[1] }], {}, /\.\.\/x/],
  ["an absolute path", [USUAL[0], { path: "/etc", type: USUAL[1] }], {}, /\/etc/],
  ["an entry without a type", [{ path: "" }, USUAL[1]], {}, /lists/],
  ["a transformer in another folder", [{ path: "0_Transformer", type: USUAL[0] }, USUAL[1]], {}, /0_Transformer/],
])("refuses %s", async (_, types, pooling, message) => {
  await expect(readModules(folderOf(types, pooling))).rejects.toThrow(message);
});

test("refuses a modules.json that is no JSON", async () => {
  const folder = folderOf(USUAL);
  writeFileSync(`${folder}/modules.json`, "[{");
  await expect(readModules(folder)).rejects.toThrow(/not valid JSON/);
});
