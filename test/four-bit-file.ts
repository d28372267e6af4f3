import { type GgmlTarget, quantizeGgml } from "../src/formats/gguf/blocks/quantize.ts";
import { openGguf } from "../src/formats/gguf/file.ts";
import { exportGguf } from "../src/formats/gguf/model/write-gguf.ts";
import type { GgufValue } from "../src/formats/gguf/values.ts";
import { type GgufEntry, type GgufTensor, writeGguf } from "../src/formats/gguf/writer.ts";
import type { Checkpoint } from "../src/formats/transformers/checkpoint.ts";

/** Writes a decoder as a GGUF file whose layers' matrices are blocks of four bits, where their rows are whole numbers of them. */
export async function writeFourBits(base: Checkpoint, out: string, type: "Q4_0" | "Q4_1" = "Q4_1"): Promise<void> {
  const plain = `${out}.plain`;
  await exportGguf({ base, out: plain, type: "F32" });
  const file = await openGguf(plain);
  const tensors = [...file.tensors].map(([name, info]): GgufTensor => {
    const fits = name.startsWith("blk.") && info.shape.length === 2 && (info.shape[1] as number) % 32 === 0;
    const written: GgmlTarget = fits ? type : "F32";
    return { name, type: written, shape: info.shape, read: async () => quantizeGgml(written, await file.read(info)) };
  });
  await writeGguf(
    out,
    [...file.metadata].map(([key, value]) => [key, entryOf(key, value)] as const),
    tensors,
  );
}

/** A value as it is written; of a number the reader no longer says the type. */
function entryOf(key: string, value: GgufValue): GgufEntry {
  if (typeof value === "number")
    return /freq_base|epsilon|scale|softcap/.test(key) ? { float32: value } : { uint32: value };
  return value as GgufEntry;
}
