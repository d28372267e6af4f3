import { ArchitectureError } from "../../../errors.ts";
import { transpose } from "../../../quant/transpose.ts";
import type { TensorEntry } from "../../safetensors/safetensors.ts";
import type { Checkpoint } from "../../transformers/checkpoint.ts";
import { tiesEmbeddings } from "../../transformers/tied.ts";
import { quantizeGgml } from "../blocks/quantize.ts";
import { ggufVocabulary } from "../tokenizer/vocabulary.ts";
import { type GgufEntry, type GgufTensor, writeGguf } from "../writer.ts";
import { checkGgufSays } from "./agrees.ts";
import { ggufMetadata } from "./metadata.ts";
import { type GgufModel, type GgufPlace, ggufModel, ggufPlace } from "./places.ts";
import { ropeFactors } from "./rope-factors.ts";
import { ggufLayout, moveRows } from "./rows.ts";

/** Types that a model's matrices can be written in, and ggml's number of such a file. */
const FILE_TYPES = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 } as const;

/** Options for a GGUF export. */
export interface ExportGgufOptions {
  /** A language model, under the names of transformers, with its tokenizer in the same folder. */
  readonly base: Checkpoint;
  /** Path of the file. */
  readonly out: string;
  /** Type of matrices; vectors, norms and positions are float32. Default F16. */
  readonly type?: keyof typeof FILE_TYPES;
  /** Name to write down. Default: the folder's. */
  readonly name?: string;
  /** llama.cpp's name of the tokenizer's byte-level cut. Default: as `tokenizer.json` cuts. */
  readonly pre?: string;
}

/**
 * Writes a language model with its tokenizer as one GGUF file for llama.cpp. Tensors are read one at a time; with Q8_0,
 * those whose rows are no whole number of blocks are F16. Of Mistral and Phi 3, llama.cpp leaves the window out: their
 * context ends with it.
 * @throws {ArchitectureError} when its `model_type` is not supported, it has tensors without a place, or settings that
 *   GGUF cannot say.
 * @throws {CheckpointError | TokenizerError} when config or tokenizer lack what the file needs.
 * @throws {FileError} when the file cannot be written.
 */
export async function exportGguf({ base, out, type = "F16", name, pre }: ExportGgufOptions): Promise<void> {
  const { config, folder } = base;
  const model = ggufModel(config);
  const tensors = [...factorTensors(base), ...placed(base, model).map((tensor) => tensorOf(tensor, base, model, type))];
  const described = ggufMetadata(config, model);
  const factors = ropeFactors(config);
  checkGgufSays(config, model, described, new Map(tensors.map((tensor) => [tensor.name, factors.get(tensor.name)])));
  const metadata: [string, GgufEntry][] = [
    ["general.architecture", model.name],
    ["general.type", "model"],
    ["general.name", name ?? folder.split(/[/\\]/).filter(Boolean).at(-1) ?? model.name],
    ...described,
    ["general.file_type", { uint32: FILE_TYPES[type] }],
    ["general.quantization_version", { uint32: 2 }],
    ...(await ggufVocabulary(folder, config, pre)),
  ];
  await writeGguf(out, metadata, tensors);
}

/** Buffers of older checkpoints that are no weights. */
const BUFFER = /\.(attn|attention)\.(masked_)?bias$|\.rotary_emb\.inv_freq$/;

/** A tensor of the base, and where it goes. */
type Placed = readonly [entry: TensorEntry, place: GgufPlace];

function placed({ tensors, config, folder }: Checkpoint, { architecture, name }: GgufModel): Placed[] {
  const tied = tiesEmbeddings(config);
  const found: Placed[] = [];
  const lost: string[] = [];
  for (const entry of tensors.values()) {
    if (BUFFER.test(entry.name)) continue;
    const place = ggufPlace(entry.name, architecture);
    const isOutput = place?.module === "output";
    if (!place || (entry.name.endsWith(".bias") && !architecture.biases)) lost.push(entry.name);
    else if (isOutput && !tied && architecture.output === "never") lost.push(entry.name);
    else if (!(isOutput && tied)) found.push([entry, place]);
    if (place?.module === "token_embd" && tied && architecture.output === "always") {
      found.push([entry, { name: "output.weight", module: "output" }]);
    }
  }
  if (lost.length === 0) return found;
  const shown = lost.slice(0, 5).join(", ") + (lost.length > 5 ? ", …" : "");
  throw new ArchitectureError(`llama.cpp's ${name} has no names for ${lost.length} of the tensors: ${shown}`, {
    where: folder,
    expected: "a language model with its own head only, with the tensor names of the transformers class",
  });
}

function factorTensors({ config }: Checkpoint): GgufTensor[] {
  return [...ropeFactors(config)].map(([name, x]) => ({
    ...{ name, type: "F32", shape: [x.length] },
    read: async () => quantizeGgml("F32", x),
  }));
}

function tensorOf(
  [{ name: stored, shape }, { name, module }]: Placed,
  base: Checkpoint,
  model: GgufModel,
  asked: keyof typeof FILE_TYPES,
): GgufTensor {
  const [rows = 1] = shape;
  const { order, shift, transposed } = ggufLayout(model, module, rows, shape.length);
  const written = transposed ? shape.toReversed() : shape;
  const type = typeOf(module, written, asked);
  const read = async (): Promise<Uint8Array> => {
    const x = await base.readFloat32(stored);
    if (shift !== 0) for (let i = 0; i < x.length; i++) x[i]! += shift;
    const moved = order ? moveRows(x, order, "to file") : x;
    return quantizeGgml(type, transposed ? transpose(moved, rows) : moved);
  };
  return { name, type, shape: written, read };
}

/** llama.cpp's choice: what is no matrix to be multiplied with stays float32. */
function typeOf(module: string, shape: readonly number[], asked: keyof typeof FILE_TYPES): keyof typeof FILE_TYPES {
  if (shape.length < 2 || module.endsWith("_norm") || module === "position_embd") return "F32";
  return asked === "Q8_0" && (shape.at(-1) ?? 0) % 32 !== 0 ? "F16" : asked;
}
