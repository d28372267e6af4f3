import { readFileSync } from "node:fs";
import { cp, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { readHoulsby } from "../../../src/formats/adapter-hub/read.ts";
import { saveHoulsby } from "../../../src/formats/adapter-hub/save.ts";
import { readAdapter } from "../../../src/formats/safetensors/adapter.ts";
import { readConfig } from "../../../src/formats/transformers/config.ts";
import { fixture, temporaryFolder } from "../temporary.ts";

const folder = await temporaryFolder();
const jsonOf = (path: string) => JSON.parse(readFileSync(path, "utf8"));

test.each(["bert", "roberta", "distilbert"])("%s: written again, every key and byte is adapter-hub's", async (base) => {
  const from = fixture(`${base}/adapters/houlsby`);
  const to = `${folder}/${base}`;
  const { tensors, config, baseModel = "" } = await readHoulsby(from);
  const baseConfig = await readConfig(fixture(base));
  const id2label = baseConfig.id2label as Record<string, string>;
  await saveHoulsby(to, { tensors, config, baseConfig, baseModel, taskType: "SEQ_CLS", id2label });

  const [ours, theirs] = [await readAdapter(to), await readAdapter(from)];
  expect([...ours.tensors.keys()]).toEqual([...theirs.tensors.keys()]);
  for (const key of ours.tensors.keys()) expect(await ours.readFloat32(key)).toEqual(await theirs.readFloat32(key));
  expect(ours.config).toEqual(theirs.config);
  expect(ours.headConfig).toEqual(theirs.headConfig);
});

test("parameters have the names of our graphs, whatever the adapter is called", async () => {
  const names = [...(await readHoulsby(fixture("distilbert/adapters/houlsby"))).tensors.keys()];
  expect(names).toContain("distilbert.transformer.layer.0.attention_adapters.adapters.default.adapter_down.0.weight");
  expect(names).toContain("distilbert.transformer.layer.1.output_adapters.adapters.default.adapter_up.bias");
  expect(names).toContain("pre_classifier.weight");
  const bert = await readHoulsby(fixture("bert/adapters/houlsby"));
  expect([...bert.tensors.keys()]).toContain(
    "bert.encoder.layer.2.attention.output.adapters.default.adapter_up.weight",
  );
  expect(bert.config).toEqual({ reductionFactor: 4, nonLinearity: "swish" });
});

describe("readHoulsby refuses", () => {
  const changed = async (change: Record<string, unknown>, about: Record<string, unknown> = {}): Promise<string> => {
    const to = `${folder}/changed`;
    await cp(fixture("bert/adapters/houlsby"), to, { recursive: true });
    const stored = jsonOf(`${to}/adapter_config.json`);
    const config = { ...stored.config, ...change };
    await writeFile(`${to}/adapter_config.json`, JSON.stringify({ ...stored, ...about, config }));
    return to;
  };

  test.each([
    ["one adapter a layer", { mh_adapter: false }, /mh_adapter is false, not true/],
    ["other places", { original_ln_before: true }, /original_ln_before is true, not false/],
    ["a learned scale", { scaling: "learned" }, /scaling is "learned", not 1/],
    ["layers left out", { leave_out: [0] }, /leave_out is \[0\], not \[\]/],
    ["a width for each layer", { reduction_factor: { 0: 4, default: 8 } }, /reduction_factor: Invalid input/],
    ["other functions", { non_linearity: "leakyrelu" }, /non_linearity: Invalid option/],
  ])("%s", async (_, change, message) => {
    await expect(readHoulsby(await changed(change))).rejects.toThrow(message);
  });

  test("the gelu of files without a version, which is another", async () => {
    await expect(readHoulsby(await changed({ non_linearity: "gelu" }, { version: undefined }))).rejects.toThrow(
      /non_linearity/,
    );
    const { config } = await readHoulsby(await changed({ non_linearity: "gelu_orig" }, { version: undefined }));
    expect(config.nonLinearity).toBe("gelu");
  });

  test("the other library's format", async () => {
    await expect(readHoulsby(fixture("bert/adapters/lora"))).rejects.toThrow(/PEFT's format/);
  });
});
