import { mkdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { CheckpointError, FileError } from "../../../src/errors.ts";
import { readAdapter } from "../../../src/formats/safetensors/adapter.ts";
import { writeSafetensors } from "../../../src/formats/safetensors/safetensors.ts";
import { temporaryFolder } from "../files.ts";

const root = temporaryFolder();
const LORA = '{"peft_type": "LORA", "r": 4}';

/** A folder of these files; a safetensors file holds the tensor that its content names. */
async function folderOf(name: string, files: Record<string, string>) {
  const folder = `${root.path}/${name}`;
  await mkdir(folder);
  for (const [file, content] of Object.entries(files)) {
    const data = Float32Array.of(content.length);
    if (file.endsWith(".safetensors"))
      await writeSafetensors(`${folder}/${file}`, [[content, { dtype: "F32", shape: [1], data }]]);
    else await root.put(`${name}/${file}`, content);
  }
  return folder;
}

test("PEFT's files", async () => {
  const folder = await folderOf("peft", {
    "adapter_config.json": LORA,
    "adapter_model.safetensors": "q.lora_A.weight",
  });
  const adapter = await readAdapter(folder);
  expect(adapter).toMatchObject({ folder, format: "peft", config: { peft_type: "LORA", r: 4 } });
  expect([...(await adapter.readFloat32("q.lora_A.weight"))]).toEqual([15]);
});

test("adapter-hub's files, with and without a head", async () => {
  const files = { "adapter_config.json": '{"config": {}}', "adapter.safetensors": "down" };
  const bare = await readAdapter(await folderOf("bare", files));
  expect([bare.format, bare.headConfig, [...bare.tensors.keys()]]).toEqual(["adapters", undefined, ["down"]]);

  const head = { "model_head.safetensors": "heads.0", "head_config.json": '{"num_labels": 3}' };
  const whole = await readAdapter(await folderOf("head", { ...files, ...head }));
  expect([whole.headConfig, [...whole.tensors.keys()]]).toEqual([{ num_labels: 3 }, ["down", "heads.0"]]);
});

test.each<[string, Record<string, string>, RegExp]>([
  [
    "PEFT's pickle",
    { "adapter_config.json": LORA, "adapter_model.bin": "" },
    /adapter_model\.bin: .*never opened\n {2}expected: adapter_model\.safetensors/,
  ],
  [
    "adapter-hub's pickle",
    { "adapter_config.json": "{}", "pytorch_model_head.bin": "", "pytorch_adapter.bin": "" },
    /pytorch_adapter\.bin: .*\n {2}expected: adapter\.safetensors/,
  ],
  [
    "a head that is a pickle",
    { "adapter_config.json": "{}", "adapter.safetensors": "a", "pytorch_model_head.bin": "" },
    /pytorch_model_head\.bin: .*\n {2}expected: model_head\.safetensors/,
  ],
  [
    "no weights",
    { "adapter_config.json": LORA },
    /contains no adapter weights\n.*\n {2}hint: it contains: adapter_config\.json/,
  ],
  [
    "no peft_type",
    { "adapter_config.json": "{}", "adapter_model.safetensors": "a" },
    /adapter_config\.json: peft_type must be a string/,
  ],
  [
    "one name in adapter and head",
    { "adapter_config.json": "{}", "adapter.safetensors": "a", "model_head.safetensors": "a" },
    /tensor "a" is in both/,
  ],
])("refuses %s", async (name, files, message) => {
  const refused = readAdapter(await folderOf(name, files));
  await expect(refused).rejects.toThrow(CheckpointError);
  await expect(refused).rejects.toThrow(message);
});

test("a folder without adapter_config.json misses a file", async () => {
  const refused = readAdapter(await folderOf("none", { "config.json": "{}" }));
  await expect(refused).rejects.toThrow(FileError);
  await expect(refused).rejects.toThrow("adapter_config.json: no such file");
});
