import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CheckpointError } from "../../../src/errors.ts";
import { readFloat32 } from "../../../src/formats/safetensors/float32.ts";
import { readSafetensors, type TensorSource, writeSafetensors } from "../../../src/formats/safetensors/safetensors.ts";
import { readBitsandbytes } from "../../../src/formats/transformers/bitsandbytes.ts";
import { readCheckpoint } from "../../../src/formats/transformers/checkpoint.ts";
import { temporaryFolder } from "../files.ts";

const FOLDER = "test/formats/transformers/fixtures/bitsandbytes";
/** As `test/parity/make_bitsandbytes_fixtures.py` writes it. */
const expected: Record<string, { shape: number[]; values: number[] }> = JSON.parse(
  readFileSync(`${FOLDER}/expected.json`, "utf8"),
);
const { tensors } = await readSafetensors(`${FOLDER}/model.safetensors`);
const root = temporaryFolder();

test.each(Object.entries(expected))("%s is read as bitsandbytes dequantizes it", async (name, { shape, values }) => {
  const entry = (await readBitsandbytes(tensors)).get(`${name}.weight`)!;
  expect([entry.dtype, entry.shape, entry.byteLength]).toEqual(["F32", shape, 4 * values.length]);
  expect([...(await readFloat32(entry))]).toEqual(values);
});

test("of the parts of a weight none is left, and other tensors stay", async () => {
  const names = [...(await readBitsandbytes(tensors)).keys()].sort();
  expect(names).toEqual([...Object.keys(expected).map((name) => `${name}.weight`), "norm.weight"].sort());
});

/** A model folder of those tensors, one of them replaced, or left out. */
async function folderOf(config: object, change: Record<string, TensorSource | undefined> = {}): Promise<string> {
  const all = new Map<string, TensorSource | undefined>([...tensors, ...Object.entries(change)]);
  const kept = [...all].filter((pair): pair is [string, TensorSource] => pair[1] !== undefined);
  await writeSafetensors(`${root.path}/model.safetensors`, kept);
  await root.put("config.json", JSON.stringify({ model_type: "llama", ...config }));
  return root.path;
}
const bits = { quantization_config: { quant_method: "bitsandbytes", load_in_4bit: true } };
const blob = (text: string): TensorSource => ({ dtype: "U8", shape: [text.length], data: Buffer.from(text) });

test("a checkpoint says it by its config", async () => {
  const { readFloat32 } = await readCheckpoint(await folderOf(bits));
  expect([...(await readFloat32("nf4.weight"))]).toEqual(expected.nf4?.values);
  expect((await readCheckpoint(await folderOf({ quantization_config: null }))).tensors.has("nf4.weight.absmax")).toBe(
    true,
  );
});

describe("refused", () => {
  const state = "nf4.weight.quant_state.bitsandbytes__nf4";
  test.each<[string, Record<string, TensorSource | undefined>, RegExp]>([
    [
      "no scales",
      { "nf4.weight.absmax": undefined },
      /tensor nf4.weight.absmax is missing\n {2}at: .*\n {2}expected: 6 elements of type F32/,
    ],
    [
      "too few codes",
      { "nf4.weight": blob("xy") },
      /tensor nf4.weight is U8 \[2\]\n.*\n {2}expected: 192 elements of type U8/,
    ],
    ["a state that is no JSON", { [state]: blob("{") }, /nf4.weight has a quant_state that cannot be read/],
    ["a state without end", { [state]: blob(" ".repeat(20_000)) }, /nf4.weight has a quant_state that cannot be read/],
    [
      "blocks of no elements",
      { [state]: blob('{"shape":[6,64],"blocksize":0,"dtype":"float32"}') },
      /quant_state that cannot/,
    ],
    [
      "a shape past all bounds",
      { [state]: blob('{"shape":[1e9,1e9],"blocksize":64,"dtype":"float32"}') },
      /nf4.weight is U8 \[192,1\]/,
    ],
    [
      "eight bits without their rows",
      { "int8.SCB": { dtype: "F32", shape: [1], data: new Float32Array(1) } },
      /int8.SCB is F32 \[1\]/,
    ],
  ])("%s", async (_, change, message) => {
    const refused = readCheckpoint(await folderOf(bits, change));
    await expect(refused).rejects.toThrow(CheckpointError);
    await expect(refused).rejects.toThrow(message);
  });

  test.each(["gptq", "awq", "fp8", "compressed-tensors"])("what %s quantized", async (quant_method) => {
    const refused = readCheckpoint(await folderOf({ quantization_config: { quant_method } }));
    await expect(refused).rejects.toThrow(CheckpointError);
    await expect(refused).rejects.toThrow(
      new RegExp(
        `the model is quantized with "${quant_method}", which is not supported\\n {2}at: .*config.json: quantization_config\\n {2}expected: unquantized`,
      ),
    );
  });
});
