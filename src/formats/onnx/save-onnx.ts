import { exists, makeFolder, writeChunksAtomic } from "#platform";
import { FileError } from "../../errors.ts";
import type { StoredModel } from "../../onnx/stored-model.ts";
import type { JsonObject } from "../json/json.ts";
import { writeJson } from "../json/json-file.ts";
import { type NamedTensors, writeTensors } from "../safetensors/tensors.ts";

/** File name suffixes of transformers.js, by the type of the stored weights. */
const SUFFIXES = { fp32: "", fp16: "_fp16", int8: "_int8", bnb4: "_bnb4", q4: "_q4" } as const;

/** Type of a model's stored weights, in transformers.js' terms. */
export type OnnxDtype = keyof typeof SUFFIXES;

/** A model to be written for transformers.js. */
export interface OnnxModel {
  readonly dtype: OnnxDtype;
  /** Its file is called as `onnxName` says. */
  readonly stored: StoredModel;
  readonly config: JsonObject;
  /** `generation_config.json`; absent where nothing is generated, or the file is there already. */
  readonly generation?: JsonObject;
  /** Values of the weights that are inputs, by the inputs' names. */
  readonly inputs?: NamedTensors;
}

/** Name of the model's file in the folder `onnx`. */
export const onnxName = (dtype: OnnxDtype): string => `model${SUFFIXES[dtype]}.onnx`;

/** @throws {FileError} when the folder holds that model already: its parts must not be mixed with another's. */
export async function refuseStored(folder: string, dtype: OnnxDtype): Promise<void> {
  const [onnx, name] = [`${folder}/onnx`, onnxName(dtype)];
  if (!(await exists(`${onnx}/${name}`))) return;
  throw new FileError(`${onnx} already contains ${name}`, { hint: "use another folder, or remove it first." });
}

/**
 * Writes a model as transformers.js loads it: `onnx/model.onnx` with the files of its weights before it, then
 * `config.json`, which says how they are held. The tokenizer is not its business.
 * @returns Path of the model's file.
 * @throws {FileError} when the folder cannot be written.
 * @see https://huggingface.co/docs/transformers.js/guides/dtypes
 */
export async function saveOnnx(
  folder: string,
  { dtype, stored, config, generation, inputs }: OnnxModel,
): Promise<string> {
  const [onnx, name] = [`${folder}/onnx`, onnxName(dtype)];
  await makeFolder(onnx);
  if (inputs) await writeTensors(`${onnx}/adapter.safetensors`, inputs);
  for (const file of stored.files) await writeChunksAtomic(`${onnx}/${file.name}`, file.chunks());
  if (generation) await writeJson(`${folder}/generation_config.json`, generation);
  const { dataFiles } = stored;
  const own = { dtype, ...(dataFiles > 0 && { use_external_data_format: { [name]: dataFiles } }) };
  await writeJson(`${folder}/config.json`, { ...config, "transformers.js_config": own });
  return `${onnx}/${name}`;
}
