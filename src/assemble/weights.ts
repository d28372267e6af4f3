import { machine } from "#platform";
import { CheckpointError, OutOfMemoryError } from "../errors.ts";
import type { StoredBlocks, TensorEntry } from "../formats/safetensors/safetensors.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import type { Init, Param, ParamValue, QuantizationScheme } from "../ir/graph.ts";
import { type DType, ELEMENT_BYTES } from "../ir/types.ts";
import { isAdapterParam } from "../methods/index.ts";
import type { Weights } from "../prepared/prepared.ts";
import { fromStored, type StoredParam, storedShape } from "../prepared/stored.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../quant/half.ts";
import { firstNonFinite } from "../quant/non-finite.ts";
import type { QuantizedArrays } from "../quant/schemes/definition.ts";
import { definitionOf } from "../quant/schemes/index.ts";
import type { Random } from "../random.ts";
import type { Elements } from "../session/session.ts";
import { type ReadBase, starter } from "./initial-values.ts";

/** Sources of weights. */
export interface WeightSources {
  readonly checkpoint: Checkpoint;
  /** Prefix of the base's names within the model; a bare base checkpoint's names lack it. */
  readonly basePrefix: string;
  /** Arrays that win over the checkpoint, as files have them: a starting adapter, a saved state. */
  readonly given?: ReadonlyMap<string, Float32Array>;
  /** Shapes of the base model's parameters, by name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Number of classes: an output weight for another number of them is drawn afresh. */
  readonly labels: number;
  /** Arrays that are in memory already, by name: those that fit are used as they are. */
  readonly known?: Weights;
  /** Draws fresh parameters. */
  readonly random: Random;
  /** With `from_scratch`: how parameters start that no method makes. */
  readonly fresh?: (name: string, shape: readonly number[]) => Init;
}

/** Weights, and the parameters of the base model that no file held. */
export interface LoadedWeights {
  readonly weights: Weights;
  readonly fresh: readonly string[];
}

/**
 * Reads, packs or draws every parameter of a graph, one weight at a time.
 * @throws {CheckpointError} when the checkpoint lacks a parameter, or holds it in another shape. @throws {OutOfMemoryError}
 *   when a model from scratch is larger than the machine's memory.
 */
export async function loadWeights(params: readonly ParamValue[], sources: WeightSources): Promise<LoadedWeights> {
  if (sources.fresh) checkRoom(params, sources.checkpoint.folder);
  const weights: Weights = new Map();
  const fresh: string[] = [];
  const missing: string[] = [];
  const quantizedBases = new Map<string, QuantizedArrays>();
  const bases = baseReader(params, sources);
  const start = starter(sources.random, bases);
  const quantizedBase = async (name: string, scheme: QuantizationScheme): Promise<QuantizedArrays> => {
    const { codec } = definitionOf(scheme);
    if (codec.kind === "stored") return codec.arrays(await storedBlocks(name, sources).read(), scheme);
    const { data, rows } = await bases(name);
    return codec.quantize(data, rows, scheme);
  };

  for (const { origin, dtype, shape } of params) {
    const lengths = shape as number[];
    const { quantized } = origin;
    const known = origin.trainable ? undefined : sources.known?.get(origin.name);
    if (known?.dtype === dtype && known.shape.join() === lengths.join()) weights.set(origin.name, known);
    if (weights.has(origin.name)) continue;
    const init = origin.init ?? sources.fresh?.(origin.name, lengths);
    if (quantized && nameInCheckpoint(quantized.of, sources) === undefined) missing.push(quantized.of);
    else if (quantized) {
      const parts = quantizedBases.get(quantized.of) ?? (await quantizedBase(quantized.of, quantized.scheme));
      quantizedBases.set(quantized.of, parts);
      weights.set(origin.name, { dtype, shape: lengths, data: parts[quantized.part] as Elements });
    }
    if (quantized) continue;
    const found = await find({ origin, shape: lengths }, sources);
    if (found) weights.set(origin.name, { dtype, shape: lengths, data: storedAs(dtype, found) });
    else if (init) {
      if (!isAdapterParam(origin.name) && !sources.fresh) fresh.push(origin.name);
      const data = await start(origin.name, init, lengths);
      weights.set(origin.name, { dtype, shape: lengths, data: storedAs(dtype, data) });
    } else missing.push(origin.name);
  }
  if (missing.length > 0) throw lacks([...new Set(missing)], sources.checkpoint);
  return { weights, fresh };
}

/** @throws {OutOfMemoryError} when the parameters of a model from scratch are more than the machine's memory. */
function checkRoom(params: readonly ParamValue[], folder: string): void {
  const bytes = params.reduce(
    (sum, { dtype, shape }) => sum + ELEMENT_BYTES[dtype] * (shape as number[]).reduce((n, length) => n * length, 1),
    0,
  );
  const { memoryBytes } = machine();
  if (bytes <= memoryBytes) return;
  const gib = (n: number): string => `${(n / 2 ** 30).toLocaleString("en", { maximumFractionDigits: 1 })} GiB`;
  throw new OutOfMemoryError(`a model of this size takes ${gib(bytes)}, but this machine has ${gib(memoryBytes)}.`, {
    where: `${folder}/config.json`,
    hint: "use fewer or narrower layers, or a smaller vocabulary.",
  });
}

/** A weight as its file holds it. */
function storedBlocks(name: string, sources: WeightSources): StoredBlocks {
  const { blocks } = sources.checkpoint.tensors.get(nameInCheckpoint(name, sources) as string) as TensorEntry;
  return blocks as StoredBlocks;
}

function storedAs(dtype: DType, data: Float32Array): Elements {
  if (dtype === "float16") return float32ToFloat16(data);
  return dtype === "bfloat16" ? float32ToBfloat16(data) : data;
}

async function find(
  param: { readonly origin: Param; readonly shape: readonly number[] },
  sources: WeightSources,
): Promise<Float32Array | undefined> {
  const { origin, shape } = param;
  const given = sources.given?.get(origin.name);
  if (given) return fromStored(param, given);
  const name = nameInCheckpoint(origin.name, sources);
  if (name === undefined) return undefined;
  const stored = sources.checkpoint.tensors.get(name)?.shape ?? [];
  return drawnForLabels(origin, shape, stored, sources.labels) ? undefined : read(name, param, sources.checkpoint);
}

/** True when a stored head is for another number of classes than `labels`, so that a new one is drawn. */
export function drawnForLabels(
  { init }: Param,
  shape: readonly number[],
  stored: readonly number[],
  labels: number,
): boolean {
  const fits = shape[0] === labels && stored.slice(1).join() === shape.slice(1).join();
  return init !== undefined && fits && stored[0] !== shape[0];
}

async function read(name: string, param: StoredParam, checkpoint: Checkpoint): Promise<Float32Array> {
  checkShape(name, storedShape(param), checkpoint);
  const data = await checkpoint.readFloat32(name);
  const odd = firstNonFinite(data);
  if (odd === undefined) return fromStored(param, data);
  throw new CheckpointError(`the tensor ${name} contains ${data[odd]}, which would make every output NaN.`, {
    where: `${checkpoint.tensors.get(name)?.path}: element ${odd}`,
    expected: "finite numbers",
    hint: "download the file again; if it is as published, use another checkpoint of the model.",
  });
}

/** @throws {CheckpointError} when a tensor is not stored in `shape`. */
export function checkShape(name: string, shape: readonly number[], { tensors, folder }: Checkpoint): void {
  const stored = tensors.get(name)?.shape ?? [];
  if (stored.join() === shape.join()) return;
  throw new CheckpointError(`the tensor ${name} has shape [${stored}], but config.json implies [${shape}].`, {
    where: folder,
    hint: "config.json and the weights must come from the same model.",
  });
}

/** Reads weights that the graph may hold packed only. */
function baseReader(params: readonly ParamValue[], sources: WeightSources): ReadBase {
  const transposed = new Set(
    params.flatMap(({ origin }) => (origin.transposed ? [origin.quantized?.of ?? origin.name] : [])),
  );
  return async (name) => {
    const stored = nameInCheckpoint(name, sources);
    if (stored === undefined) throw lacks([name], sources.checkpoint);
    const shape = sources.shapes.get(name) ?? [];
    const param = { shape, origin: { transposed: transposed.has(name) } };
    return { data: await read(stored, param, sources.checkpoint), rows: shape[0] ?? 1 };
  };
}

/** A parameter's name in the file: as it is, without or with the base's prefix, or with the norm names of the first BERT files. */
export function nameInCheckpoint(
  name: string,
  { checkpoint, basePrefix }: Pick<WeightSources, "checkpoint" | "basePrefix">,
): string | undefined {
  const bare = name.startsWith(`${basePrefix}.`) ? name.slice(basePrefix.length + 1) : name;
  const old = (name: string): string =>
    name.replace(/(LayerNorm)\.weight$/, "$1.gamma").replace(/(LayerNorm)\.bias$/, "$1.beta");
  const prefixed = `${basePrefix}.${name}`;
  return [name, bare, prefixed, old(name), old(bare), old(prefixed)].find((candidate) =>
    checkpoint.tensors.has(candidate),
  );
}

function lacks(names: readonly string[], checkpoint: Checkpoint): CheckpointError {
  const shown = names.slice(0, 5).join(", ");
  return new CheckpointError(
    `the checkpoint lacks ${names.length} of the model's tensors: ${shown}${names.length > 5 ? ", …" : ""}`,
    {
      where: checkpoint.folder,
      expected: "every tensor that config.json's model_type and sizes imply",
      hint: "is it the checkpoint of another architecture, or of fewer layers?",
    },
  );
}
