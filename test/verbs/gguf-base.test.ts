import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openBase, prepare, weightsOf } from "../../src/assemble/prepare.ts";
import { decodeGgml, dequantizeGgml, scaledFormatOf } from "../../src/formats/gguf/blocks/dequantize.ts";
import { quantizeGgml } from "../../src/formats/gguf/blocks/quantize.ts";
import { exportGguf } from "../../src/formats/gguf/model/write-gguf.ts";
import { float32Reader } from "../../src/formats/safetensors/float32.ts";
import type { TensorEntry } from "../../src/formats/safetensors/safetensors.ts";
import { readCheckpoint } from "../../src/formats/transformers/checkpoint.ts";
import type { Base, Prepared } from "../../src/prepared/prepared.ts";
import type { ScaledFormat } from "../../src/quant/scaled-blocks.ts";
import { transpose } from "../../src/quant/transpose.ts";
import { Random } from "../../src/random.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { unpackedBlocks } from "../../src/training/memory/unpacked-blocks.ts";
import { exportModel } from "../../src/verbs/export/export.ts";
import { TextGenerator } from "../../src/verbs/generate.ts";
import { sampleLogits } from "../../src/verbs/sample-logits.ts";
import { writeFourBits } from "../four-bit-file.ts";
import { fixture, type Keys, recipeOf, runHere, temporary } from "../running.ts";

const rows = { train: [{ text: "This agreement is governed by the laws of Delaware." }] };
const LANGUAGE = { task_type: "CAUSAL_LM", max_steps: 3, learning_rate: 3e-2, lora_dropout: 0 };
/** Types that are written. */
type Type = "Q4_0" | "Q4_1" | "Q8_0";
const KEPT = { method: "qlora", bnb_4bit_quant_type: "gguf" };

/** A tiny decoder as a GGUF file of eight-bit blocks. */
async function quantizedFile(family: string): Promise<string> {
  const out = `${temporary()}/${family}.gguf`;
  await exportGguf({ base: await readCheckpoint(fixture(`causal/${family}`)), out, type: "Q8_0" });
  return out;
}
const llama = await quantizedFile("llama");

describe("a base held in the blocks of its file trains as the same base unpacked, to the last bit", () => {
  test.each([
    ["llama", "pairs that turn together lie side by side in the file"],
    ["gpt2", "weights are stored the other way round"],
    ["gpt_neox", "queries, keys and values are sorted otherwise"],
  ])("%s: %s", async (family) => {
    const keys = { ...LANGUAGE, model_name_or_path: await quantizedFile(family), lora_target_modules: "all-linear" };
    const unpacked = await runHere(keys, { rows });
    const kept = await runHere({ ...keys, ...KEPT }, { rows });
    expect(kept.losses).toHaveLength(3);
    expect(kept.losses).toEqual(unpacked.losses);
  });

  test.each(["Q4_0", "Q4_1"] as const)("llama in blocks of %s", async (type) => {
    const file = `${temporary()}/llama.gguf`;
    await writeFourBits(await readCheckpoint(fixture("causal/llama")), file, type);
    const keys = { ...LANGUAGE, model_name_or_path: file, lora_target_modules: "all-linear" };
    const [unpacked, kept] = [await runHere(keys, { rows }), await runHere({ ...keys, ...KEPT }, { rows })];
    expect(kept.losses).toEqual(unpacked.losses);
    expect(kept.losses).not.toEqual((await runHere({ ...keys, model_name_or_path: llama }, { rows })).losses);
  });

  test("DoRA starts from the rows' own lengths", async () => {
    const keys = { ...LANGUAGE, model_name_or_path: llama, use_dora: true };
    const [unpacked, kept] = [await runHere(keys, { rows }), await runHere({ ...keys, ...KEPT }, { rows })];
    expect(kept.losses).toEqual(unpacked.losses);
  });
});

/** A matrix as a file of `type` would hold it. @param turned Whether it is stored `[in, out]`. */
async function quantized({ checkpoint }: Base, entry: TensorEntry, type: Type, turned: boolean): Promise<TensorEntry> {
  const [rows = 1, columns = 1] = entry.shape;
  const x = await checkpoint.readFloat32(entry.name);
  const bytes = quantizeGgml(type, turned ? transpose(x, rows) : x);
  const values = dequantizeGgml(type, bytes);
  const read = async () => new Uint8Array((turned ? transpose(values, columns) : values.slice()).buffer as ArrayBuffer);
  const format = scaledFormatOf(type) as ScaledFormat;
  return { ...entry, dtype: "F32", read, blocks: { format, read: async () => decodeGgml(type, bytes) } };
}

/** Logits of a base whose matrices are blocks of `type`, where their rows are whole numbers of them. */
async function logitsOf(family: string, type: Type, keys: Keys): Promise<Float32Array> {
  const recipe = resolveRecipe(recipeOf({ ...LANGUAGE, model_name_or_path: fixture(`causal/${family}`), ...keys }));
  const found = await openBase(recipe);
  const tensors = new Map<string, TensorEntry>();
  for (const [name, entry] of found.checkpoint.tensors) {
    const turned = /\.c_(attn|proj|fc)\.weight$/.test(name);
    const fits = entry.shape.length === 2 && (entry.shape[turned ? 0 : 1] as number) % 32 === 0;
    tensors.set(name, fits ? await quantized(found, entry, type, turned) : entry);
  }
  const checkpoint = { ...found.checkpoint, tensors, readFloat32: float32Reader(tensors, "here") };
  const model = prepare(recipe, { ...found, checkpoint }, undefined);
  const packed = model.graph.params.filter(({ origin }) => origin.quantized?.part === "codes");
  expect(packed.length > 0).toBe(keys.method === "qlora");
  const { weights } = await weightsOf(model, Random.seed(0).stream("init"));
  return sampleLogits({ model, weights, fresh: [], warnings: [] });
}

describe.each(["llama", "gpt2"])("%s in blocks says what it says unpacked, to the last bit", (family) => {
  test.each(["Q4_0", "Q4_1", "Q8_0"] as const)("%s", async (type) => {
    expect(await logitsOf(family, type, KEPT)).toEqual(await logitsOf(family, type, { method: "lora" }));
  });
});

describe("what was trained on such a base", () => {
  const keys = { ...LANGUAGE, ...KEPT, model_name_or_path: llama };

  test("is merged into it, and opens on it again without a word about how it is held", async () => {
    const adapter = temporary();
    await runHere({ ...keys, output_dir: adapter }, { rows });
    const report = await exportModel({ format: "safetensors", adapter, out: `${temporary()}/merged` });
    expect(report.difference).toBeLessThan(1e-5);
    expect(report.notes[0]).toMatch(/trained on the file's own weights, so it is merged into those/);
  });

  test("is exported to ONNX: merged and unpacked, or as inputs beside the base as it is", async () => {
    const adapter = temporary();
    await runHere({ ...keys, output_dir: adapter }, { rows });
    for (const [adapterInputs, file] of [
      [undefined, "model.onnx"],
      ["optional", "model_q4.onnx"],
    ] as const) {
      const out = `${temporary()}/onnx`;
      const report = await exportModel({ format: "onnx", adapter, out, ...(adapterInputs && { adapterInputs }) });
      expect(report.difference).toBeLessThan(1e-5);
      expect(readdirSync(`${out}/onnx`)).toContain(file);
    }
  });
});

describe("for writing text it is unpacked", () => {
  const prepared = async (keys: Keys) => {
    const recipe = resolveRecipe(recipeOf({ ...LANGUAGE, model_name_or_path: llama, ...keys }));
    return prepare(recipe, await openBase(recipe), undefined);
  };
  const isPacked = ({ graph }: Prepared): boolean => graph.params.some(({ origin }) => origin.quantized);

  test("if there is room", async () => {
    const model = await prepared(KEPT);
    const bytes = model.base.params.reduce(
      (sum, { shape }) => sum + 4 * shape.reduce<number>((n, d) => n * Number(d), 1),
      0,
    );
    expect(isPacked(model)).toBe(true);
    expect(isPacked(unpackedBlocks(model, 4 * bytes))).toBe(false);
    expect(isPacked(unpackedBlocks(model, bytes))).toBe(true);
  });

  test("but a base that was packed otherwise is not: it would say something else", async () => {
    const model = await prepared({ method: "qlora" });
    expect(unpackedBlocks(model, 1e12)).toBe(model);
  });

  test("an adapter goes on with a text as it would on the unpacked base", async () => {
    const texts: string[] = [];
    for (const method of [KEPT, { method: "lora" }]) {
      const adapter = temporary();
      await runHere({ ...LANGUAGE, ...method, model_name_or_path: llama, output_dir: adapter }, { rows });
      const generator = await TextGenerator.open({ adapter });
      let text = "";
      for await (const part of generator.generate("This", { maxNewTokens: 8 })) text += part;
      await generator.close();
      texts.push(text);
    }
    expect(texts[0]?.length).toBeGreaterThan(0);
    expect(texts[0]).toBe(texts[1]);
  });
});

describe("refused", () => {
  test.each([
    ["a folder", fixture("causal/llama")],
    ["a file of plain floats", fixture("gguf/llama.gguf")],
  ])("%s has no blocks to keep", async (_, model_name_or_path) => {
    const run = runHere({ ...LANGUAGE, ...KEPT, model_name_or_path }, { rows });
    await expect(run).rejects.toThrow(
      /gguf uses the quantized blocks of a GGUF file, and .* contains none\n {2}at: bnb_4bit_quant_type/,
    );
    await expect(run).rejects.toThrow(/nf4, fp4, or a quantized \.gguf file/);
  });
});
