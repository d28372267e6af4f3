import { removeFolder } from "#platform";
import { openTrained, prepareTrained } from "../../assemble/open-trained.ts";
import { openBase } from "../../assemble/prepare.ts";
import { quantizationOf } from "../../assemble/quantization.ts";
import { RecipeError } from "../../errors.ts";
import { openGguf } from "../../formats/gguf/file.ts";
import { isGguf } from "../../formats/gguf/model/read-gguf.ts";
import { exportGguf } from "../../formats/gguf/model/write-gguf.ts";
import { resolveModelFolder } from "../../formats/hub/resolve.ts";
import type { FloatDtype } from "../../formats/safetensors/float-bytes.ts";
import { readCheckpoint } from "../../formats/transformers/checkpoint.ts";
import { saveFull } from "../../formats/transformers/save-full.ts";
import { mergeAdapter } from "../../merging/merge-adapter.ts";
import { saveModulesOf } from "../../prepared/embedding-modules.ts";
import type { ResolvedRecipe } from "../../recipe/resolve.ts";
import { compared, TOLERANCE } from "./compared.ts";
import type { ExportOptions, ExportReport } from "./options.ts";

/** A whole model in one folder, an adapter merged into it. */
export async function exportSafetensors(recipe: ResolvedRecipe, options: ExportOptions): Promise<ExportReport> {
  const { adapter, out, dtype } = options;
  if (dtype === "Q8_0")
    throw new RecipeError("safetensors does not support Q8_0", { where: "dtype", expected: "F32, F16, BF16" });
  const notes =
    adapter === undefined ? await unpackedGguf(recipe, out) : await mergedFolder(recipe, adapter, out, dtype);
  return compared(options, recipe, adapter, out, TOLERANCE[dtype ?? (await storedDtype(recipe))], notes);
}

/** A whole model in one GGUF file, an adapter merged into it. */
export async function exportGgufModel(recipe: ResolvedRecipe, options: ExportOptions): Promise<ExportReport> {
  const { adapter, out, dtype = "F16" } = options;
  if (adapter === undefined && (await isGguf(recipe.model_name_or_path))) {
    throw new RecipeError(`${recipe.model_name_or_path} is a GGUF file already`, {
      where: "format",
      expected: "a model in safetensors, or an adapter to merge",
      hint: "llama.cpp's llama-quantize changes the type of a file's weights.",
    });
  }
  const folder = adapter === undefined ? undefined : `${out}.merged`;
  try {
    const notes =
      folder === undefined || adapter === undefined ? [] : await mergedFolder(recipe, adapter, folder, "F32");
    const whole = folder ?? (await resolveModelFolder(recipe.model_name_or_path));
    const pre = await pretokenizerOf(recipe.model_name_or_path);
    await exportGguf({ base: await readCheckpoint(whole), out, type: dtype, ...(pre !== undefined && { pre }) });
    return await compared(options, recipe, adapter, out, TOLERANCE[dtype], notes);
  } finally {
    if (folder !== undefined) await removeFolder(folder);
  }
}

/** llama.cpp's name of the cut of a base that is a GGUF file; several names have the same cut, so `tokenizer.json` loses it. */
async function pretokenizerOf(model: string): Promise<string | undefined> {
  if (!(await isGguf(model))) return undefined;
  const pre = (await openGguf(model)).metadata.get("tokenizer.ggml.pre");
  return typeof pre === "string" && pre !== "default" ? pre : undefined;
}

/** Merges an adapter into its base, as it was when the adapter was trained. */
export async function mergedFolder(
  recipe: ResolvedRecipe,
  adapter: string,
  out: string,
  dtype?: FloatDtype,
): Promise<string[]> {
  const { model } = await prepareTrained(recipe, adapter);
  const packing = quantizationOf(recipe);
  const params = new Set(model.graph.params.flatMap(({ origin }) => origin.quantized?.of ?? []));
  await mergeAdapter({
    base: model.checkpoint,
    adapterFolder: await resolveModelFolder(adapter),
    out,
    ...(dtype && { dtype }),
    ...(packing && typeof packing !== "string" && { quantized: { packing, params } }),
  });
  await model.files.writeTokenizer(out);
  await saveModulesOf(out, model);
  if (!packing) return [];
  const were = typeof packing === "string" ? "the file's own" : packing.type;
  return [
    `the adapter was trained on ${were} weights, so it is merged into those, dequantized to ${dtype ?? "the base's type"}`,
  ];
}

/** A model that is one GGUF file, as a folder. */
async function unpackedGguf(recipe: ResolvedRecipe, out: string): Promise<string[]> {
  const { model, weights } = await openTrained(recipe);
  if (!(await isGguf(recipe.model_name_or_path))) {
    throw new RecipeError("the model is already in safetensors", {
      where: "format",
      expected: "gguf, or an adapter to merge",
    });
  }
  const tensors = [...weights].map(([name, { shape, data }]) => [name, { shape, data: data as Float32Array }] as const);
  const baseConfig = await model.files.config();
  await saveFull(out, { tensors, baseConfig, id2label: {}, taskType: recipe.task_type });
  await model.files.writeTokenizer(out);
  return ["quantized weights of the file are dequantized and written in float32"];
}

async function storedDtype(recipe: ResolvedRecipe): Promise<"F32" | "F16" | "BF16"> {
  const { tensors } = (await openBase(recipe)).checkpoint;
  const types = new Set([...tensors.values()].map(({ dtype }) => dtype));
  return types.has("BF16") ? "BF16" : types.has("F16") ? "F16" : "F32";
}
