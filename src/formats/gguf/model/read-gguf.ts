import { exists, isFolder, openFile } from "#platform";
import { ArchitectureError, CheckpointError } from "../../../errors.ts";
import { reorderedRows } from "../../../quant/scaled-blocks.ts";
import { brief } from "../../json/json.ts";
import { float32Reader } from "../../safetensors/float32.ts";
import type { StoredBlocks, TensorEntry } from "../../safetensors/safetensors.ts";
import type { Checkpoint } from "../../transformers/checkpoint.ts";
import type { ModelConfig } from "../../transformers/config.ts";
import { scaledFormatOf } from "../blocks/dequantize.ts";
import { type GgufFile, openGguf } from "../file.ts";
import type { GgufTensorInfo } from "../header.ts";
import { GgufKeys } from "../keys.ts";
import type { GgufValue } from "../values.ts";
import { GGUF_ARCHITECTURES, type GgufArchitecture, type Heads } from "./architectures.ts";
import { tokenIds } from "./config.ts";
import { asStored, type Restored } from "./restore.ts";
import { checkGgufSizes, rotatedColumns } from "./sizes.ts";

/** A model in one GGUF file, in the words of transformers. `folder` is the file's own path. */
export interface GgufCheckpoint extends Checkpoint {
  /** The file's metadata, its tokenizer included. */
  readonly metadata: ReadonlyMap<string, GgufValue>;
}

const EMBEDDINGS = "token_embd.weight";

/** True when a path names a GGUF file, by its extension or its first bytes. */
export async function isGguf(path: string): Promise<boolean> {
  if (path.endsWith(".gguf")) return !(await isFolder(path));
  if (!(await exists(path)) || (await isFolder(path))) return false;
  const file = await openFile(path);
  try {
    return file.size >= 4 && String.fromCharCode(...(await file.read(0, 4))) === "GGUF";
  } finally {
    await file.close();
  }
}

/**
 * Opens a GGUF file as a checkpoint: config, names, shapes and values are those of the transformers model that it was
 * made from. Every tensor is float32, as far as the type that it is stored in lets it be. Tensors are read when they
 * are asked for; of the weights none is read here.
 *
 * @throws {FileError} when it is missing.
 * @throws {CheckpointError} when it is malformed, or holds something else than a whole model.
 * @throws {ArchitectureError} when its architecture is not supported.
 */
export async function readGguf(path: string): Promise<GgufCheckpoint> {
  const file = await openGguf(path);
  const [name, architecture] = architectureOf(file);
  const keys = new GgufKeys(file.metadata, name, path);
  const embeddings = file.tensors.get(EMBEDDINGS);
  if (!embeddings) throw new CheckpointError(`${path} contains no weights: ${EMBEDDINGS} is missing`);

  checkGgufSizes(keys, file);

  const factors = new Map<string, Float32Array>();
  for (const tensor of architecture.ropeFactors ?? []) {
    const info = file.tensors.get(tensor);
    if (info) factors.set(tensor, await readRopeFactors(file, tensor, info, keys));
  }
  const has = (tensor: string): boolean => file.tensors.has(tensor);
  const config = {
    architectures: [architecture.className],
    ...architecture.config(keys, { vocabSize: embeddings.shape[0] ?? 0, factors, has }),
    ...tokenIds(keys),
    torch_dtype: "float32",
  };
  const heads = keys.int(".attention.head_count");
  const tensors = entriesOf(file, architecture, { heads, kvHeads: keys.int(".attention.head_count_kv", heads) }, name);
  const readFloat32 = float32Reader(tensors, path);
  return { folder: path, config: config as unknown as ModelConfig, tensors, readFloat32, metadata: file.metadata };
}

/** One factor for each pair of columns that turn together. */
async function readRopeFactors(file: GgufFile, name: string, info: GgufTensorInfo, keys: GgufKeys) {
  const pairs = rotatedColumns(keys) / 2;
  if (info.shape.join() === `${pairs}`) return file.read(info);
  throw new CheckpointError(`${file.path}: tensor ${JSON.stringify(name)} is [${info.shape}]`, {
    expected: `[${pairs}]: one factor for each pair of a head's rotated columns`,
  });
}

function architectureOf({ metadata, path }: GgufFile): [name: string, architecture: GgufArchitecture] {
  const type = metadata.get("general.type") ?? "model";
  if (type !== "model") {
    throw new CheckpointError(`${path} is not a model: its general.type is ${brief(String(type))}`);
  }
  const parts = metadata.get("split.count");
  if (typeof parts === "number" && parts > 1) {
    throw new CheckpointError(`${path} is one of the ${parts} parts of a model`, {
      expected: "the whole model in one file",
      hint: "join them with llama-gguf-split --merge FIRST-PART WHOLE.gguf",
    });
  }
  const name = metadata.get("general.architecture");
  if (typeof name !== "string") {
    throw new CheckpointError(`${path}: the metadata lacks general.architecture`, { expected: "a string" });
  }
  const architecture = Object.hasOwn(GGUF_ARCHITECTURES, name) ? GGUF_ARCHITECTURES[name] : undefined;
  if (architecture) return [name, architecture];
  throw new ArchitectureError(`GGUF files of architecture ${brief(name)} are not supported.`, {
    where: path,
    expected: Object.keys(GGUF_ARCHITECTURES).join(", "),
  });
}

function entriesOf(
  file: GgufFile,
  architecture: GgufArchitecture,
  heads: Heads,
  architectureName: string,
): ReadonlyMap<string, TensorEntry> {
  const tensors = new Map<string, TensorEntry>();
  for (const [stored, info] of file.tensors) {
    if (architecture.ropeFactors?.includes(stored)) continue;
    const found = nameOf(stored, architecture);
    if (!found) {
      throw new CheckpointError(
        `${file.path}: tensor ${JSON.stringify(stored)} does not belong to a ${architectureName}`,
        {
          hint: "mixture-of-experts, vision and audio models are not supported.",
        },
      );
    }
    tensors.set(found.name, entryOf(file, stored, info, found, architecture, heads));
  }
  return tensors;
}

/** A tensor's place in transformers: its name, and ggml's name of its module. */
interface Place {
  readonly name: string;
  readonly module: string;
}

function nameOf(stored: string, { modules, inLayer, layers }: GgufArchitecture): Place | undefined {
  const [, layer, module = "", kind] = /^(?:blk\.(0|[1-9]\d*)\.)?(\w+)\.(weight|bias)$/.exec(stored) ?? [];
  const names = layer === undefined ? modules : inLayer;
  if (!Object.hasOwn(names, module)) return undefined;
  const path = layer === undefined ? names[module] : `${layers}.${layer}.${names[module]}`;
  return { name: `${path}.${kind}`, module };
}

function entryOf(
  file: GgufFile,
  stored: string,
  info: GgufTensorInfo,
  { name, module }: Place,
  architecture: GgufArchitecture,
  heads: Heads,
): TensorEntry {
  const what = `${file.path}: tensor ${JSON.stringify(stored)}`;
  const restored = architecture.restore?.(module, info.shape, heads, what) ?? asStored(info.shape);
  const { shape, values } = restored;
  const byteLength = 4 * shape.reduce((product, dim) => product * dim, 1);
  const read = async () => new Uint8Array(values(await file.read(info)).buffer);
  const blocks = blocksOf(file, info, restored);
  return { name, path: file.path, dtype: "F32", shape, byteLength, read, ...(blocks && { blocks }) };
}

/** The blocks of a matrix, if it is quantized, its rows in transformers' order. */
function blocksOf(file: GgufFile, info: GgufTensorInfo, { fromRow }: Restored): StoredBlocks | undefined {
  const format = scaledFormatOf(info.type);
  if (!format || info.shape.length !== 2) return undefined;
  return {
    format,
    async read() {
      const blocks = await file.readBlocks(info);
      return fromRow ? reorderedRows(blocks, info.shape[0] as number, fromRow) : blocks;
    },
  };
}
