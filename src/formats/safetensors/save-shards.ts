import { writeJson } from "../json/json-file.ts";
import { DTYPE_BITS } from "./dtype.ts";
import { INDEX } from "./file-names.ts";
import { type TensorSource, writeSafetensors } from "./safetensors.ts";

/** A tensor to be written, with its name. */
export type NamedSource = readonly [name: string, tensor: TensorSource];

/** 5 GB, as transformers cuts. */
export const MAX_SHARD_BYTES = 5e9;

/**
 * Writes a model's weights as transformers does: `model.safetensors`, or, where that would be longer than
 * `maxShardBytes`, `model-00001-of-0000n.safetensors` and so on, then their index. Tensors are read one at a time; one
 * that is longer than a shard has a file of its own.
 * @returns Names of the files.
 * @throws {FileError} when the folder cannot be written.
 */
export async function saveShards(
  folder: string,
  tensors: Iterable<NamedSource>,
  maxShardBytes: number,
): Promise<string[]> {
  const shards = split([...tensors], maxShardBytes);
  if (shards.length < 2) {
    await writeSafetensors(`${folder}/model.safetensors`, shards.flat());
    return ["model.safetensors"];
  }
  const number = (i: number): string => String(i).padStart(5, "0");
  const files = shards.map((_, i) => `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`);
  const entries: [name: string, file: string][] = [];
  for (const [i, shard] of shards.entries()) {
    const file = files[i] as string;
    await writeSafetensors(`${folder}/${file}`, shard);
    for (const [name] of shard) entries.push([name, file]);
  }
  const total_size = shards.flat().reduce((sum, [, tensor]) => sum + bytesOf(tensor), 0);
  const weight_map = Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeJson(`${folder}/${INDEX}`, { metadata: { total_size }, weight_map });
  return [...files, INDEX];
}

function split(tensors: readonly NamedSource[], maxShardBytes: number): NamedSource[][] {
  const shards: NamedSource[][] = [[]];
  let filled = 0;
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor[1]);
    if (filled > 0 && filled + bytes > maxShardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)?.push(tensor);
    filled += bytes;
  }
  return shards;
}

const bytesOf = ({ dtype, shape }: TensorSource): number =>
  shape.reduce((bits, dim) => bits * dim, DTYPE_BITS[dtype]) / 8;
