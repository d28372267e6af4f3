import { removeFolder } from "#platform";
import { isAdapter, openTrained, type PreparedTrained, prepareTrained } from "../../assemble/open-trained.ts";
import { nameOf, quantizationOf } from "../../assemble/quantization.ts";
import { RecipeError } from "../../errors.ts";
import { resolveModelFolder } from "../../formats/hub/resolve.ts";
import { type OnnxDtype, onnxName, refuseStored, saveOnnx } from "../../formats/onnx/save-onnx.ts";
import type { TrainedAdapter } from "../../methods/definition.ts";
import { openAdapter } from "../../methods/open-adapter.ts";
import { type FileLimits, storeOnnx } from "../../onnx/stored-model.ts";
import { saveModulesOf } from "../../prepared/embedding-modules.ts";
import { SCHEMES } from "../../quant/schemes/index.ts";
import { UNQUANTIZED } from "../../recipe/quantization.ts";
import type { ResolvedRecipe } from "../../recipe/resolve.ts";
import type { RuntimeTensor } from "../../session/session.ts";
import { logitsDifference, sampleIds, sampleLogits } from "../sample-logits.ts";
import { askOnnx } from "./ask-onnx.ts";
import { agreed, TOLERANCE } from "./compared.ts";
import { mergedFolder } from "./model.ts";
import { configFiles, obstacles } from "./onnx-config.ts";
import { DIMS, storedGraph, swappable } from "./onnx-graph.ts";
import { weightReader } from "./onnx-weights.ts";
import type { ExportOptions, ExportReport } from "./options.ts";

/** The types that weights are stored in. */
const DTYPES = { F32: "float32", F16: "float16" } as const;

/**
 * A folder that ONNX runtimes and transformers.js load. LoRA is merged, unless its weights are to be inputs; Houlsby's
 * adapters stay in the graph. Weights are read as they are written, one at a time.
 */
export async function exportOnnx(
  recipe: ResolvedRecipe,
  options: ExportOptions,
  limits?: FileLimits,
): Promise<ExportReport> {
  const { adapter, out, dtype = "F32", adapterInputs } = options;
  if (dtype !== "F32" && dtype !== "F16") {
    throw new RecipeError(`ONNX export does not support ${dtype}`, { where: "dtype", expected: "F32, F16" });
  }
  const stored = adapter === undefined ? undefined : await adapterIn(adapter);
  if (adapterInputs !== undefined && stored === undefined) {
    throw new RecipeError("adapter inputs need an adapter", { where: "adapter_inputs", expected: "--adapter_name_or_path DIR" }); // biome-ignore format: one call
  }
  const merges = stored?.changes !== undefined && adapterInputs === undefined;
  const trained = { ...recipe, ...(stored === undefined && UNQUANTIZED), dtype: "float32" } as const;
  const held = { ...trained, ...(merges && { ...UNQUANTIZED, from_scratch: false }), dtype: DTYPES[dtype] };
  const name = heldAs(held);
  await refuseStored(out, name);

  const folder = merges ? `${out}.merged` : undefined;
  try {
    const notes = folder && adapter ? await mergedFolder(trained, adapter, folder, "F32") : [];
    const whole = folder ?? (stored === undefined ? adapter : undefined);
    const prepared = await (whole
      ? prepareTrained({ ...held, model_name_or_path: whole })
      : prepareTrained(held, adapter));
    const { file, feeds } = await write(prepared, name, options, limits);
    const storedLogits = await askOnnx(file, sampleIds(prepared.model.tokenizer), feeds); // before weights are in memory
    const wanted = await sampleLogits(await openTrained(trained, adapter));
    const difference = Math.max(...storedLogits.map((logits) => logitsDifference(logits, wanted)));
    return agreed(options, difference, TOLERANCE[dtype], [
      ...notes,
      ...prepared.warnings,
      ...obstacles(prepared.model),
    ]);
  } finally {
    if (folder) await removeFolder(folder);
  }
}

/** The adapter in a folder; undefined for a whole model. */
async function adapterIn(path: string): Promise<TrainedAdapter | undefined> {
  const folder = await resolveModelFolder(path);
  return (await isAdapter(folder)) ? openAdapter(folder) : undefined;
}

function heldAs(recipe: ResolvedRecipe): OnnxDtype {
  const quantization = quantizationOf(recipe);
  if (quantization) return SCHEMES[nameOf(quantization)].onnxDtype;
  return recipe.dtype === "float16" ? "fp16" : "fp32";
}

/** The written model, and its inputs besides the text. */
interface Written {
  readonly file: string;
  readonly feeds: Readonly<Record<string, RuntimeTensor>>;
}

async function write(
  { model, given }: PreparedTrained,
  dtype: OnnxDtype,
  { out, adapterInputs }: ExportOptions,
  limits: FileLimits | undefined,
): Promise<Written> {
  const adapter = adapterInputs === undefined ? undefined : swappable(model, given);
  const graph = storedGraph(adapter?.source ?? model.source);
  const weights = await weightReader(model, graph, adapter?.given ?? given);
  const stored = storeOnnx(graph, weights.bytes, {
    name: onnxName(dtype),
    dims: DIMS,
    ...(adapter && { inputs: adapter.shapes, defaults: adapterInputs === "optional" }),
    ...(limits && { limits }),
  });
  const feeds: Record<string, RuntimeTensor> = {};
  for (const name of adapter?.shapes.keys() ?? []) feeds[name] = await weights.tensor(name);
  const inputs = Object.entries(feeds).map(([name, { shape, data }]) => [name, { shape, data: data as Float32Array }] as const); // biome-ignore format: one call
  await model.files.writeTokenizer(out);
  await saveModulesOf(out, model);
  const configs = await configFiles(model, out);
  const file = await saveOnnx(out, { dtype, stored, ...configs, ...(adapter && { inputs }) });
  return { file, feeds: adapterInputs === "required" ? feeds : {} };
}
