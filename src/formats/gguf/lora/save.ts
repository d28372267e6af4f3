import { AdapterError } from "../../../errors.ts";
import { mostFrequent, rescaled } from "../../../peft/even-updates.ts";
import type { Update } from "../../../peft/lora-update.ts";
import type { JsonObject } from "../../json/json.ts";
import { onlyUpdates } from "../../peft/only-updates.ts";
import type { LoraAdapter } from "../../peft/read-lora.ts";
import { tiesEmbeddings } from "../../transformers/tied.ts";
import { type GgufModel, type GgufPlace, ggufModel, ggufPlace } from "../model/places.ts";
import { ggufLayout, moveRows } from "../model/rows.ts";
import { type GgufEntry, type GgufTensor, writeGguf } from "../writer.ts";
import { GGUF_LORA } from "./keys.ts";

/**
 * Writes an adapter as a GGUF file for llama.cpp, in float32. The file has one alpha: where a module's scaling is not
 * `alpha / r`, B takes the difference. Rows of B move where the base model's rows do.
 * @param baseConfig The base model's `config.json`.
 * @throws {AdapterError} listing what the file cannot hold: magnitudes, biases, whole modules, an output layer that
 *   shares the embedding's weight, modules without a place in the architecture.
 * @throws {ArchitectureError} when the base's `model_type` has no GGUF architecture here.
 * @throws {FileError} when the file cannot be written.
 * @see llama.cpp, `convert_lora_to_gguf.py`
 */
export async function saveGgufLora(path: string, adapter: LoraAdapter, baseConfig: JsonObject): Promise<void> {
  const model = ggufModel(baseConfig);
  const updates = onlyUpdates(adapter, "GGUF", false);
  const names = ggufNames([...updates.keys()], model, tiesEmbeddings(baseConfig), adapter);
  const alpha = mostFrequent([...updates.values()].map(({ scaling, r }) => scaling * r));
  const tensors = [...updates].flatMap(([param, update]) =>
    tensorsOf(names.get(param) as GgufPlace, rescaled(update, alpha / update.r), model),
  );
  const metadata: [string, GgufEntry][] = [
    [GGUF_LORA.architecture, model.name],
    [GGUF_LORA.type, "adapter"],
    [GGUF_LORA.method, "lora"],
    [GGUF_LORA.alpha, { float32: alpha }],
  ];
  await writeGguf(path, metadata, tensors);
}

function ggufNames(
  params: readonly string[],
  { architecture, name }: GgufModel,
  tied: boolean,
  { folder }: LoraAdapter,
): Map<string, GgufPlace> {
  const names = new Map<string, GgufPlace>();
  const refused: string[] = [];
  for (const param of params) {
    const place = ggufPlace(param, architecture);
    if (place && !(tied && place.module === "output")) names.set(param, place);
    else refused.push(param);
  }
  if (refused.length === 0) return names;
  throw new AdapterError(`a GGUF adapter for the architecture ${name} cannot contain ${refused.join(", ")}`, {
    where: folder,
    expected: `updates of linear layers inside the blocks${tied ? "; the output layer shares the embedding's weight" : ""}`,
    hint: "merge the adapter into its base model and export the result.",
  });
}

function tensorsOf({ name, module }: GgufPlace, { a, b, r }: Update, model: GgufModel): GgufTensor[] {
  const rows = b.length / r;
  const { order } = ggufLayout(model, module, rows, 2);
  const moved = order ? moveRows(b, order, "to file") : b;
  return [floats(`${name}.lora_a`, [r, a.length / r], a), floats(`${name}.lora_b`, [rows, r], moved)];
}

const floats = (
  name: string,
  shape: readonly number[],
  { buffer, byteOffset, byteLength }: Float32Array,
): GgufTensor => ({
  ...{ name, shape, type: "F32" },
  read: async () => new Uint8Array(buffer, byteOffset, byteLength),
});
