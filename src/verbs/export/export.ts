import { exists, removeFolder } from "#platform";
import { recipeOfTrained } from "../../assemble/recipe-of-trained.ts";
import { RecipeError } from "../../errors.ts";
import { exportAdapter, importAdapter, isPeft } from "./adapter.ts";
import { exportGgufModel, exportSafetensors } from "./model.ts";
import type { ExportOptions, ExportReport } from "./options.ts";

/**
 * Writes a model or an adapter in another form, opens what it wrote and compares logits. Nothing new is left when it fails.
 *
 * @throws {LowrankError} when model or adapter are not usable, the format cannot hold them, or the copy says something
 *   else than the original.
 */
export async function exportModel(options: ExportOptions): Promise<ExportReport> {
  const replaces = await exists(options.out);
  try {
    return await written(options);
  } catch (error) {
    if (!replaces) await removeFolder(options.out);
    throw error;
  }
}

async function written(options: ExportOptions): Promise<ExportReport> {
  const { format, adapter, model, merge = false, adapterInputs } = options;
  if (adapterInputs !== undefined && format !== "onnx") {
    throw new RecipeError(`the format ${format} has no inputs`, { where: "adapter_inputs", expected: "--format onnx" });
  }
  if (adapter !== undefined && !(await isPeft(adapter))) return importAdapter(options);
  const trained = adapter ?? model;
  if (trained === undefined) throw new RecipeError("a model or an adapter is needed", { where: "model, adapter" });
  const recipe = await recipeOfTrained(trained, model);
  if (format === "onnx") return (await import("./onnx.ts")).exportOnnx(recipe, options); // it loads the engine
  if (format === "safetensors") return exportSafetensors(recipe, options);
  if (format === "gguf" && (adapter === undefined || merge)) return exportGgufModel(recipe, options);
  if (adapter === undefined) {
    throw new RecipeError(`the format ${format} holds adapters only`, {
      where: "adapter",
      expected: "--adapter_name_or_path DIR",
      hint: "safetensors, onnx and gguf hold whole models.",
    });
  }
  return exportAdapter(recipe, adapter, options);
}
