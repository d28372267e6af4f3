import type { Random } from "../../../../src/random.ts";
import { chance, type Format, type Mutation, pick } from "../format.ts";
import { mutateBytes } from "../mutate-bytes.ts";
import { mutateJsonText } from "../mutate-json.ts";
import { folderSeed } from "./fixtures.ts";
import { openModel, readTensors } from "./open-model.ts";

const LENGTHS = [
  0n,
  1n,
  7n,
  8n,
  2n ** 31n,
  2n ** 32n,
  100_000_000n,
  100_000_001n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const headers = new WeakMap<Uint8Array, Uint8Array>();

/** Changes the header as JSON and puts its length right, or lies about that, or changes bytes. */
export function mutateSafetensors(bytes: Uint8Array, random: Random): Mutation {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = Number(file.readBigUInt64LE(0));
  if (chance(random, 0.1)) return mutateBytes(bytes, random);
  if (chance(random, 0.05)) {
    const claimed = chance(random, 0.5) ? pick(random, LENGTHS) : BigInt(Math.max(0, length + random.int(64) - 32));
    const changed = Buffer.from(file);
    changed.writeBigUInt64LE(claimed);
    return { bytes: changed, changes: `header of ${claimed} bytes` };
  }
  const header = headers.get(bytes) ?? file.subarray(8, 8 + length);
  headers.set(bytes, header); // the same object, which is parsed once
  const { text, changes } = mutateJsonText(header, random);
  const written = Buffer.from(text);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(written.length));
  const data = file.subarray(8 + length);
  const kept = chance(random, 0.9) ? data : data.subarray(0, random.int(data.length));
  return { bytes: Buffer.concat([prefix, written, kept]), changes };
}

/** A model's weights. */
export const safetensors: Format = {
  name: "safetensors",
  mutate: mutateSafetensors,
  seeds: async () =>
    ["merge/llama", "merge/llama-bf16", "electra", "causal/gpt2"]
      .map((name) => folderSeed(name, ["model.safetensors"]))
      .map((seed) => ({ ...seed, files: { ...folderSeed("causal/llama", [], /tokenizer/).files, ...seed.files } })),
  async read(folder) {
    await readTensors(folder);
    await openModel(folder);
  },
};
