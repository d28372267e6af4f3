import { isFolder, listFolder, makeFolder } from "#platform";
import { AdapterError, CheckpointError, FileError } from "../errors.ts";
import { writeJson } from "../formats/json/json-file.ts";
import type { FloatDtype } from "../formats/safetensors/float-bytes.ts";
import { MAX_SHARD_BYTES, saveShards } from "../formats/safetensors/save-shards.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import { copyModelFiles } from "../formats/transformers/copy-model-files.ts";
import { openAdapter } from "../methods/open-adapter.ts";
import type { Scheme } from "../quant/schemes/index.ts";
import { type Mergeable, type PlannedTensor, planMerge } from "./merge-plan.ts";
import { mergedConfig } from "./merged-config.ts";
import { mergedSource, type QuantizedBase, usualDtype } from "./merged-source.ts";

/** Options of a merge. */
export interface MergeOptions {
  readonly base: Checkpoint;
  /** An adapter in PEFT's format. */
  readonly adapterFolder: string;
  /** A folder without weights; made if need be. */
  readonly out: string;
  /** Type of the tensors that the merge changes. Default: the base's own, tensor by tensor. */
  readonly dtype?: FloatDtype;
  /** Quantization of the base's weights when the adapter was trained. Default: none. */
  readonly quantized?: QuantizedBase;
  /** Longest weight file in bytes. Default 5 GB. */
  readonly maxShardBytes?: number;
}

/** Files that a merge wrote. */
export interface MergeReport {
  readonly folder: string;
  /** Names of the weight files, and of the index if there is one. */
  readonly files: readonly string[];
  /** Names of the weights that took an update. */
  readonly merged: readonly string[];
  /** Names of the tensors that the adapter holds whole: heads, biases. */
  readonly whole: readonly string[];
  /** Present when the merge took the base's weights as they were when packed: how, and which. */
  readonly quantized?: { readonly packing: Scheme; readonly params: readonly string[] };
  /** True when the output layer, which shared the embedding's weight, got its own. */
  readonly untied: boolean;
}

/**
 * Writes the model that an adapter makes of its base, such as `W + scaling · B·A` for each of LoRA's modules, computed in float32,
 * in the folder layout of transformers. All other tensors keep their bytes. One weight is held at a time.
 * @throws {AdapterError} when the adapter is of another kind or does not fit the base, or merging gives no numbers.
 * @throws {CheckpointError} when the base itself is stored packed.
 * @throws {FileError} when `out` holds weights already, or cannot be written.
 */
export async function mergeAdapter(options: MergeOptions): Promise<MergeReport> {
  const { base, adapterFolder, out, dtype, quantized, maxShardBytes = MAX_SHARD_BYTES } = options;
  await refuseFull(out);
  refusePacked(base);
  const adapter = await openMergeable(adapterFolder);
  const { tensors, untied } = planMerge(base, adapter, { packed: quantized ? (quantized.params ?? true) : false });
  const sources = tensors.map((tensor) => [tensor.name, mergedSource(tensor, options, usualDtype(tensors))] as const);

  await makeFolder(out);
  const files = await saveShards(out, sources, maxShardBytes);
  await copyModelFiles(base.folder, adapterFolder, out);
  await writeJson(`${out}/config.json`, await mergedConfig(base, adapter, { ...(dtype && { dtype }), untied }));
  const names = (which: (tensor: PlannedTensor) => unknown): string[] => tensors.filter(which).map(({ name }) => name);
  return {
    folder: out,
    files,
    merged: names(({ update }) => update),
    whole: names(({ whole }) => whole),
    ...(quantized && { quantized: { packing: quantized.packing, params: names(({ packed }) => packed) } }),
    untied,
  };
}

async function openMergeable(folder: string): Promise<Mergeable> {
  const { changes, ...adapter } = await openAdapter(folder);
  if (changes) return { ...adapter, changes };
  throw new AdapterError(`${folder} contains an adapter in adapter-hub's format`, {
    expected: "PEFT's: adapter_model.safetensors",
  });
}

/** Refuses a folder with weights, which could be taken for a part of the merged model. */
async function refuseFull(out: string): Promise<void> {
  const weights = (await isFolder(out))
    ? (await listFolder(out)).find((name) => /\.safetensors\b/.test(name))
    : undefined;
  if (weights === undefined) return;
  throw new FileError(`${out} already contains weights: ${weights}`, {
    hint: "use another folder, or remove it first.",
  });
}

function refusePacked({ folder, config }: Checkpoint): void {
  if (!config.quantization_config) return;
  throw new CheckpointError("the base model is stored quantized", {
    where: `${folder}/config.json: quantization_config`,
    hint: "merge into the unquantized checkpoint, with the same quantization settings.",
  });
}
