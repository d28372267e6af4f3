import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { CheckpointError, RecipeError } from "../../../src/errors.ts";
import { keyOfFiles, type ModelFiles, namedAdapter } from "../../../src/formats/hub/model-files.ts";
import { temporaryFolder } from "../temporary.ts";

process.env.TMPDIR = await temporaryFolder();
const left = (): string[] => readdirSync(process.env.TMPDIR as string);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const files = { "adapter_config.json": bytes("{}"), "adapter_model.safetensors": bytes("tensors") };

test("a name stays as it is, and nothing is written", async () => {
  const { name, release } = await namedAdapter("organisation/name");
  expect([name, left()]).toEqual(["organisation/name", []]);
  await release();
});

test("files that are read lie in a folder of this user's until they are released, twice if need be", async () => {
  const more = {
    ...files,
    "1_Pooling/config.json": bytes("{}"),
    "README.md": bytes("#"),
    "manifest.json": bytes("{}"),
  };
  const { name, release } = await namedAdapter(more);
  expect(readdirSync(name)).toEqual(["1_Pooling", "adapter_config.json", "adapter_model.safetensors"]);
  expect(readFileSync(`${name}/adapter_model.safetensors`, "utf8")).toBe("tensors");
  if (process.platform !== "win32") expect(statSync(`${name}/..`).mode & 0o777).toBe(0o700);
  await release();
  await release();
  expect([existsSync(name), left()]).toEqual([false, []]);
});

test.each([
  ["../adapter_config.json"],
  ["/etc/adapter_config.json"],
  ["deep/adapter_config.json"],
  ["deep\\adapter_config.json"],
  ["1_Pooling/../config.json"],
  [".."],
  ["C:config.json"],
  ["a\0.json"],
  ["x".repeat(300)],
  [""],
])("the name %j is refused", async (name) => {
  const opened = namedAdapter({ ...files, [name]: bytes("{}") });
  await expect(opened).rejects.toThrow(RecipeError);
  await expect(opened).rejects.toThrow(
    "is not the name of a file in it\n  at: adapter\n  expected: a folder, a Hub id,",
  );
  expect(left()).toEqual([]);
});

test.each([
  [{ ...files, "recipe.yaml": "method: lora" }, '"recipe.yaml" is string instead of bytes', "new TextEncoder()"],
  [{ ...files, "config.json": null }, '"config.json" is null instead of bytes', "expected"],
  [null, "it is null", "expected"],
  [7, "it is number", "expected"],
])("anything but bytes is refused: %j", async (given, why, hint) => {
  const opened = namedAdapter(given as never);
  await expect(opened).rejects.toThrow(`the adapter cannot be read: ${why}`);
  await expect(opened).rejects.toThrow(hint);
});

test("files without a configuration, and pickles alone, are refused before anything is written", async () => {
  const opened = namedAdapter({ "adapter_model.safetensors": bytes("") });
  await expect(opened).rejects.toThrow(CheckpointError);
  await expect(opened).rejects.toThrow("the adapter's files contains no model that lowrank can read");
  const pickle = { "adapter_config.json": bytes("{}"), "adapter_model.bin": bytes("") };
  await expect(namedAdapter(pickle)).rejects.toThrow(/adapter_model\.bin/);
  expect(left()).toEqual([]);
});

test("the key of files is that of their content", async () => {
  const { "adapter_config.json": config, "adapter_model.safetensors": tensors } = files;
  const reordered: ModelFiles = { "adapter_model.safetensors": tensors.slice(), "adapter_config.json": config };
  expect(await keyOfFiles(reordered)).toBe(await keyOfFiles(files));
  expect(await keyOfFiles({ ...files, "adapter_config.json": bytes("{ }") })).not.toBe(await keyOfFiles(files));
});
