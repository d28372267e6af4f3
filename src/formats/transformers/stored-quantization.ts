import { CheckpointError } from "../../errors.ts";
import { brief, isObject, type JsonObject } from "../json/json.ts";
import type { TensorEntry } from "../safetensors/safetensors.ts";
import { readBitsandbytes } from "./bitsandbytes.ts";

/**
 * The tensors of a model as floats, where `config.json` says that they are stored quantized.
 * @throws {CheckpointError} for a kind of quantization that is not read.
 */
export async function unquantized(
  tensors: ReadonlyMap<string, TensorEntry>,
  config: JsonObject,
  where: string,
): Promise<ReadonlyMap<string, TensorEntry>> {
  const quantization = config.quantization_config;
  if (quantization === undefined || quantization === null) return tensors;
  const method = isObject(quantization) ? (quantization.quant_method ?? "bitsandbytes") : quantization;
  if (method === "bitsandbytes") return readBitsandbytes(tensors);
  throw new CheckpointError(`the model is quantized with ${brief(method)}, which is not supported`, {
    where: `${where}: quantization_config`,
    expected: "unquantized weights, or bitsandbytes in 4 or 8 bits, or a GGUF file",
    hint: "use the unquantized model; method: qlora quantizes it while reading.",
  });
}
