import { mkdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { CheckpointError, FileError } from "../../../src/errors.ts";
import { writeSafetensors } from "../../../src/formats/safetensors/safetensors.ts";
import { readCheckpoint } from "../../../src/formats/transformers/checkpoint.ts";
import { readConfig } from "../../../src/formats/transformers/config.ts";
import { temporaryFolder } from "../files.ts";

const root = temporaryFolder();
const CONFIG = '{"model_type": "bert", "hidden_size": 8}';
const weight = (...data: number[]) => ({ dtype: "F32", shape: [data.length], data: Float32Array.from(data) }) as const;

/** A folder of these files; a value that is not text is written as a safetensors file of those tensors. */
async function folderOf(name: string, files: Record<string, string | Record<string, ReturnType<typeof weight>>>) {
  await mkdir(`${root.path}/${name}`);
  for (const [file, content] of Object.entries(files)) {
    if (typeof content === "string") await root.put(`${name}/${file}`, content);
    else await writeSafetensors(`${root.path}/${name}/${file}`, Object.entries(content));
  }
  return `${root.path}/${name}`;
}

const indexOf = (weight_map: unknown) => JSON.stringify({ metadata: { total_size: 1 }, weight_map });

test("one file: config as it stands, tensors by name", async () => {
  const folder = await folderOf("single", { "config.json": CONFIG, "model.safetensors": { "a.weight": weight(1, 2) } });
  const checkpoint = await readCheckpoint(folder);
  expect(checkpoint.config).toEqual({ model_type: "bert", hidden_size: 8 });
  expect([...(await checkpoint.readFloat32("a.weight"))]).toEqual([1, 2]);
  await expect(checkpoint.readFloat32("a.wieght")).rejects.toThrow(
    new CheckpointError(`${folder} has no tensor "a.wieght" among its 1`, { hint: 'the nearest name is "a.weight".' }),
  );
});

test("shards: each tensor from the one that the index says", async () => {
  const folder = await folderOf("shards", {
    "config.json": CONFIG,
    "model.safetensors.index.json": indexOf({ b: "model-2.safetensors", a: "model-1.safetensors" }),
    "model-1.safetensors": { a: weight(1), b: weight(-1) },
    "model-2.safetensors": { b: weight(2) },
  });
  const { tensors, readFloat32 } = await readCheckpoint(folder);
  expect([...tensors.keys()]).toEqual(["b", "a"]);
  expect([...(await readFloat32("b"))]).toEqual([2]);
});

test.each<[string, unknown, string]>([
  ["a shard that is not there", { a: "x.safetensors" }, '"a" in x.safetensors, which is not in the folder'],
  [
    "a tensor that its shard lacks",
    { a: "w.safetensors", c: "w.safetensors" },
    '"c" in w.safetensors, which does not contain it',
  ],
  ["a path out of the folder", { a: "../w.safetensors" }, 'tensor "a" in "../w.safetensors"'],
  ["a shard that is a pickle", { a: "w.bin" }, 'tensor "a" in "w.bin"\n  expected: the name of a .safetensors file'],
  ["a shard that is no name", { a: 1 }, 'tensor "a" in 1'],
  ["an absolute path", { a: "/tmp/w.safetensors" }, 'tensor "a" in "/tmp/w.safetensors"'],
  ["a path with NUL", { a: "w\0.safetensors" }, '"a" in "w\\u0000.safetensors"'],
  ["a name of 2 MB", { ["n".repeat(2e6)]: 1 }, `places tensor "${"n".repeat(79)}… in 1`],
  ["a list", ["w.safetensors"], "weight_map must map tensor names to shards"],
  [
    "a million tensors",
    Object.fromEntries(Array.from({ length: 1e6 }, (_, i) => [`t${i}`, "w.safetensors"])),
    "contains more JSON than the limit: more than 250000 values",
  ],
  ["no weight_map", undefined, "weight_map must map tensor names to shards"],
])("an index is refused for %s", async (name, map, message) => {
  const files = {
    "config.json": CONFIG,
    "model.safetensors.index.json": indexOf(map),
    "w.safetensors": { a: weight(1) },
  };
  const refused = readCheckpoint(await folderOf(name, files));
  await expect(refused).rejects.toThrow(CheckpointError);
  await expect(refused).rejects.toThrow(message);
});

test("pickles are never opened", async () => {
  const files = { "config.json": CONFIG, "pytorch_model.bin": "\x80\x02", "training_args.bin": "" };
  const refused = readCheckpoint(await folderOf("pickle", files));
  await expect(refused).rejects.toThrow(CheckpointError);
  await expect(refused).rejects.toThrow(
    /as a pickle, pytorch_model\.bin: .*never opened\n {2}expected: model\.safetensors.*\n {2}hint: convert it once .*torch\.load\("pytorch_model\.bin", weights_only=True\)/,
  );
});

test("a folder without weights says what it holds", async () => {
  const refused = readCheckpoint(await folderOf("empty", { "config.json": CONFIG, "optimizer.pt": "" }));
  await expect(refused).rejects.toThrow(
    /contains no weights\n {2}expected: model\.safetensors, or .*\n.*contains: config\.json, optimizer\.pt/,
  );
});

test("a missing folder or config is a missing file", async () => {
  await expect(readCheckpoint(`${root.path}/singel`)).rejects.toThrow(FileError);
  await expect(readCheckpoint(await folderOf("bare", { "confg.json": "{}" }))).rejects.toThrow(
    /did you mean .*confg\.json\?/,
  );
});

test.each([
  ["{model_type: 1}", /config\.json is not valid JSON: /],
  ["[]", /config\.json must contain a JSON object/],
  [`{"a":${"[".repeat(1e6)}`, /config\.json contains more JSON than the limit: nested more than 100 levels deep/],
  [`{"a":"${"x".repeat(64e6)}"}`, /config\.json has 64000008 bytes; the limit for JSON is 64000000/],
  ["{}", /model_type must be a string, got nothing\n {2}expected: .*"bert"/],
  ['{"model_type": 3}', /model_type must be a string, got 3/],
  [`{"model_type": [${"1,".repeat(999)}1]}`, /model_type must be a string, got \[[1,]{79}…\n/],
])("config %.30s is refused", async (config, message) => {
  await root.put("config.json", config);
  await expect(readConfig(root.path)).rejects.toThrow(CheckpointError);
  await expect(readConfig(root.path)).rejects.toThrow(message);
});
