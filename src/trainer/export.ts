import { readCheckpoint } from "../checkpoint/checkpoint.ts";
import { isGguf } from "../checkpoint/gguf.ts";
import { resolveModelFolder } from "../checkpoint/resolve.ts";
import { CheckpointError, RecipeError } from "../errors.ts";
import { ggufToPeft, mlxToPeft, peftToGguf, peftToMlx } from "../export/convert-adapter.ts";
import { exportGguf } from "../export/export-gguf.ts";
import type { FloatDtype } from "../export/float-bytes.ts";
import { mergeAdapter } from "../export/merge-adapter.ts";
import { saveFull } from "../export/save-full.ts";
import { exists, removeFolder } from "../platform/node.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { isAdapter, openTrained } from "./setup/open-trained.ts";
import { openBase } from "./setup/prepare.ts";
import { quantizationOf } from "./setup/quantization.ts";
import { recipeOfTrained } from "./setup/recipe-of-trained.ts";
import { logitsDifference, sampleLogits } from "./setup/sample-logits.ts";

/** What models and adapters can be written as. */
export const EXPORT_FORMATS = ["peft", "safetensors", "gguf", "mlx"] as const;

/** One of {@link EXPORT_FORMATS}. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What to export. One of `model` and `adapter` is needed. */
export interface ExportOptions {
  readonly format: ExportFormat;
  /** Folder of an adapter of PEFT, or of mlx-lm, or a GGUF file that holds one. */
  readonly adapter?: string;
  /** Folder, Hub id or `.gguf` file; default: the adapter's own base. */
  readonly model?: string;
  /** Folder to write, or with `gguf` the file. */
  readonly out: string;
  /** With `gguf`: write the adapter into the base's weights instead of by itself. `safetensors` always does. */
  readonly merge?: boolean;
  /** Type of the weights that are written. Default: the base's own, with `gguf` F16. */
  readonly dtype?: "F32" | "F16" | "BF16" | "Q8_0";
}

/** What was written. */
export interface ExportReport {
  readonly format: ExportFormat;
  readonly out: string;
  /** What was opened again and compared: how far its logits lie from the original's, relative. */
  readonly difference: number;
  /** What a user should know. */
  readonly notes: readonly string[];
}

/** How far logits may move by rounding weights to a type, relative. */
const TOLERANCE = { F32: 1e-4, F16: 1e-2, BF16: 5e-2, Q8_0: 5e-2 } as const;

/**
 * Writes a model or an adapter in another form, opens what it wrote and compares logits.
 *
 * @throws {LowrankError} when model or adapter are not usable, the format cannot hold them, or the copy says something
 *   else than the original.
 */
export async function exportModel(options: ExportOptions): Promise<ExportReport> {
  const { format, adapter, model, out, merge = false } = options;
  if (adapter !== undefined && !(await isPeft(adapter))) return importAdapter(options);
  const trained = adapter ?? model;
  if (trained === undefined) throw new RecipeError("a model or an adapter is needed", { where: "model, adapter" });
  const recipe = await recipeOfTrained(trained, model);
  if (format === "safetensors") return safetensors(recipe, options);
  if (format === "gguf" && (adapter === undefined || merge)) return ggufModel(recipe, options);
  if (adapter === undefined) {
    throw new RecipeError(`the format ${format} holds adapters only`, {
      where: "adapter",
      expected: "--adapter_name_or_path DIR",
      hint: "safetensors and gguf hold whole models.",
    });
  }
  const { model: original } = await openTrained(recipe, adapter);
  const baseConfig = await original.files.config();
  const folder = await resolveModelFolder(adapter);
  const baseModel = recipe.model_name_or_path;
  const to = { adapter: folder, baseConfig, out };
  const again = `${out}.check`;
  try {
    if (format === "mlx") {
      await peftToMlx(to);
      await mlxToPeft({ adapter: out, baseConfig, out: again, baseModel });
    } else if (format === "gguf") {
      await peftToGguf(to);
      await ggufToPeft({ adapter: out, baseConfig, out: again, baseModel });
    } else {
      throw new RecipeError("the adapter is in PEFT's format already", {
        where: "format",
        expected: "mlx, gguf, safetensors",
      });
    }
    return await compared(options, recipe, adapter, again, TOLERANCE.F32);
  } finally {
    await removeFolder(again);
  }
}

/** `adapter_config.json` with a `peft_type`: mlx-lm's file has the same name. */
async function isPeft(adapter: string): Promise<boolean> {
  if (await isGguf(adapter)) return false;
  const folder = await resolveModelFolder(adapter);
  return !(await exists(`${folder}/adapters.safetensors`));
}

/** An adapter of mlx-lm or llama.cpp, in PEFT's format. */
async function importAdapter(options: ExportOptions): Promise<ExportReport> {
  const { format, adapter = "", model, out } = options;
  if (format !== "peft" || model === undefined) {
    throw new RecipeError("an adapter of mlx-lm or llama.cpp is read only to be written as PEFT's, beside its base", {
      where: "format, model",
      expected: "--format peft --model_name_or_path BASE",
    });
  }
  const { files } = await openBase(await recipeOfTrained(model));
  const baseConfig = await files.config();
  const [read, write] = (await isGguf(adapter)) ? [ggufToPeft, peftToGguf] : [mlxToPeft, peftToMlx];
  await read({ adapter, baseConfig, out, baseModel: model });
  const [back, again] = [`${out}.back`, `${out}.check`];
  try {
    await write({ adapter: out, baseConfig, out: back });
    await read({ adapter: back, baseConfig, out: again, baseModel: model });
    return await compared(options, await recipeOfTrained(out, model), out, again, TOLERANCE.F32);
  } finally {
    await removeFolder(back);
    await removeFolder(again);
  }
}

async function safetensors(recipe: ResolvedRecipe, options: ExportOptions): Promise<ExportReport> {
  const { adapter, out, dtype } = options;
  if (dtype === "Q8_0")
    throw new RecipeError("safetensors holds no Q8_0", { where: "dtype", expected: "F32, F16, BF16" });
  const notes = adapter === undefined ? await unpackedGguf(recipe, out) : await merged(recipe, adapter, out, dtype);
  return compared(options, recipe, adapter, out, TOLERANCE[dtype ?? (await storedDtype(recipe))], notes);
}

/** Merges an adapter into its base, as it was when the adapter was trained. */
async function merged(recipe: ResolvedRecipe, adapter: string, out: string, dtype?: FloatDtype): Promise<string[]> {
  const { model } = await openTrained(recipe, adapter);
  const packing = quantizationOf(recipe);
  const params = new Set(model.graph.params.flatMap(({ origin }) => origin.quantized?.of ?? []));
  await mergeAdapter({
    base: model.checkpoint,
    adapterFolder: await resolveModelFolder(adapter),
    out,
    ...(dtype && { dtype }),
    ...(packing && { quantized: { packing, params } }),
  });
  await model.files.writeTokenizer(out);
  if (!packing) return [];
  return [
    `the adapter was trained on ${packing.type} weights: it is merged into those, unpacked to ${dtype ?? "the base's type"}`,
  ];
}

/** A model that is one GGUF file, as a folder. */
async function unpackedGguf(recipe: ResolvedRecipe, out: string): Promise<string[]> {
  const { model, weights } = await openTrained(recipe);
  if (!(await isGguf(recipe.model_name_or_path))) {
    throw new RecipeError("the model is in safetensors already", {
      where: "format",
      expected: "gguf, or an adapter to merge",
    });
  }
  const tensors = [...weights].map(([name, { shape, data }]) => [name, { shape, data: data as Float32Array }] as const);
  const baseConfig = await model.files.config();
  await saveFull(out, { tensors, baseConfig, id2label: {}, taskType: recipe.task_type });
  await model.files.writeTokenizer(out);
  return ["weights that the file holds quantized are written as they unpack, in float32"];
}

async function ggufModel(recipe: ResolvedRecipe, options: ExportOptions): Promise<ExportReport> {
  const { adapter, out, dtype = "F16" } = options;
  const folder = adapter === undefined ? undefined : `${out}.merged`;
  try {
    const notes = folder === undefined || adapter === undefined ? [] : await merged(recipe, adapter, folder, "F32");
    const whole = folder ?? (await resolveModelFolder(recipe.model_name_or_path));
    await exportGguf({ base: await readCheckpoint(whole), out, type: dtype });
    return await compared(options, recipe, adapter, out, TOLERANCE[dtype], notes);
  } finally {
    if (folder !== undefined) await removeFolder(folder);
  }
}

async function storedDtype(recipe: ResolvedRecipe): Promise<"F32" | "F16" | "BF16"> {
  const { tensors } = (await openBase(recipe)).checkpoint;
  const types = new Set([...tensors.values()].map(({ dtype }) => dtype));
  return types.has("BF16") ? "BF16" : types.has("F16") ? "F16" : "F32";
}

/** Opens what was written and asks both the same. @throws {CheckpointError} when they do not agree. */
async function compared(
  { format, out }: ExportOptions,
  recipe: ResolvedRecipe,
  adapter: string | undefined,
  written: string,
  tolerance: number,
  notes: readonly string[] = [],
): Promise<ExportReport> {
  const wanted = await sampleLogits(await openTrained(recipe, adapter));
  const plain = { ...recipe, load_in_4bit: false, load_in_8bit: false };
  const copy = (await isAdapterFolder(written))
    ? await openTrained(recipe, written)
    : await openTrained({ ...plain, method: "full", model_name_or_path: written });
  const difference = logitsDifference(await sampleLogits(copy), wanted);
  if (difference <= tolerance) return { format, out, difference, notes };
  throw new CheckpointError(
    `what was written does not compute what the original does: its logits differ by ${difference}`,
    {
      where: out,
      expected: `at most ${tolerance}`,
      hint: "please report this with the model's name.",
    },
  );
}

const isAdapterFolder = async (path: string): Promise<boolean> => !(await isGguf(path)) && isAdapter(path);
