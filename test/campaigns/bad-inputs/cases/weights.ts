import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { type BadInput, fixture, models, type Workshop } from "../workshop.ts";

const WEIGHTS = "model.safetensors";

/** A model whose weights are these bytes. */
const weights =
  (make: (original: Buffer) => Uint8Array | string) =>
  (workshop: Workshop): string => {
    const model = workshop.copy("bert");
    writeFileSync(`${model}/${WEIGHTS}`, make(readFileSync(`${model}/${WEIGHTS}`)));
    return model;
  };

interface Info {
  dtype?: unknown;
  shape?: unknown;
  data_offsets?: unknown;
}
type HeaderOf = Record<string, Info>;

/** A safetensors file with that header as text. */
const withHeader = (text: string | Uint8Array, data: Uint8Array, claimed?: bigint): Buffer => {
  const header = Buffer.from(text);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(claimed ?? BigInt(header.length));
  return Buffer.concat([prefix, header, data]);
};
const partsOf = (file: Buffer): [HeaderOf, Buffer] => {
  const length = Number(file.readBigUInt64LE(0));
  return [JSON.parse(file.subarray(8, 8 + length).toString()), file.subarray(8 + length)];
};
/** A model whose header is changed as an object. */
const header = (change: (header: HeaderOf) => unknown) =>
  weights((file) => {
    const [before, data] = partsOf(file);
    return withHeader(JSON.stringify(change(before) ?? before), data);
  });
const TENSOR = "bert.embeddings.word_embeddings.weight";
const tensor = (info: Info) => header((header) => ({ ...header, [TENSOR]: { ...header[TENSOR], ...info } }));
const without = (name: string) =>
  header((header) => {
    const { [name]: old, ...rest } = header;
    return { ...rest, [`${name}_`]: old };
  });
const special =
  (make: (path: string) => void) =>
  (workshop: Workshop): string => {
    const model = workshop.copy("bert");
    rmSync(`${model}/${WEIGHTS}`);
    make(`${model}/${WEIGHTS}`);
    return model;
  };
const index =
  (content: string | object, shards: readonly string[] = []) =>
  (workshop: Workshop): string => {
    const model = workshop.copy("bert");
    const bytes = readFileSync(`${model}/${WEIGHTS}`);
    rmSync(`${model}/${WEIGHTS}`);
    for (const shard of shards) writeFileSync(`${model}/${shard}`, bytes);
    writeFileSync(`${model}/${WEIGHTS}.index.json`, typeof content === "string" ? content : JSON.stringify(content));
    return model;
  };
const manyTensors = (): Buffer => {
  const entries = Array.from(
    { length: 1_000_000 },
    (_, i) => `"t${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`,
  );
  return withHeader(`{${entries.join(",")}}`, Buffer.alloc(0));
};

/** Weights that are damaged, cut off, hostile, of another model or no weights at all. */
export const weightCases: readonly BadInput[] = models("weights", [
  ["an empty file", weights(() => ""), /model\.safetensors/],
  ["four bytes", weights((file) => file.subarray(0, 4)), /model\.safetensors/],
  ["a header of no bytes", weights((file) => withHeader("", file.subarray(0, 100))), /model\.safetensors/],
  ["a header beyond the end", weights((file) => withHeader("{}", file.subarray(0, 0), 5_000n)), /truncated/],
  ["a header of 2^63 bytes", weights((file) => withHeader("{}", file, 2n ** 63n)), /model\.safetensors/],
  ["a header of 2^64 - 1 bytes", weights((file) => withHeader("{}", file, 2n ** 64n - 1n)), /model\.safetensors/],
  ["cut in the header", weights((file) => file.subarray(0, 500)), /truncated/],
  ["cut in the data", weights((file) => file.subarray(0, file.length - 1)), /truncated/],
  ["bytes behind the end", weights((file) => Buffer.concat([file, Buffer.alloc(8)])), /after the last tensor/],
  ["a header that is no JSON", weights(() => withHeader("{'a': 1}", Buffer.alloc(0))), /malformed/],
  ["a header that is no UTF-8", weights(() => withHeader(Buffer.from([0x7b, 0xff, 0x7d]), Buffer.alloc(0))), /UTF-8/],
  ["a header that is a list", weights(() => withHeader("[]", Buffer.alloc(0))), /malformed/],
  ["a header nested 100,000 deep", weights(() => withHeader(`{"a":${"[".repeat(100_000)}`, Buffer.alloc(0))), /deep/],
  ["a key twice", weights((file) => { const [h, data] = partsOf(file); return withHeader(JSON.stringify(h).replace("{", `{"${TENSOR}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},`), data); }), /twice/],
  ["metadata that are numbers", header((h) => ({ ...h, __metadata__: { a: 1 } })), /__metadata__/],
  ["a tensor that is a list", header((h) => ({ ...h, [TENSOR]: [] })), /word_embeddings/],
  ["a tensor without dtype", tensor({ dtype: undefined }), /dtype/],
  ["dtype Q9", tensor({ dtype: "Q9" }), /Q9/],
  ["dtype 7", tensor({ dtype: 7 }), /dtype/],
  ["no shape", tensor({ shape: undefined }), /shape/],
  ["a negative shape", tensor({ shape: [-1, 32] }), /malformed|shape/],
  ["a fractional shape", tensor({ shape: [1.5, 32] }), /malformed|shape/],
  ["a shape of text", tensor({ shape: ["62", 32] }), /shape/],
  ["a shape past 2^53", tensor({ shape: [2 ** 40, 2 ** 40] }), /word_embeddings|too large/],
  ["no offsets", tensor({ data_offsets: undefined }), /data_offsets/],
  ["three offsets", tensor({ data_offsets: [0, 1, 2] }), /data_offsets/],
  ["offsets backwards", tensor({ data_offsets: [64, 0] }), /word_embeddings/],
  ["overlapping tensors", header((h) => ({ ...h, twin: h[TENSOR] })), /overlaps/],
  ["a hole between tensors", header((h) => { const { [TENSOR]: _, ...rest } = h; return rest; }), /a gap of \d+ bytes/],
  ["another type than the bytes", tensor({ dtype: "F16" }), /word_embeddings/],
  ["a tensor renamed", without("bert.encoder.layer.0.output.dense.weight"), /lacks|output\.dense/],
  ["another shape of as many bytes", header((h) => { const shape = h[TENSOR]?.shape as number[]; return { ...h, [TENSOR]: { ...h[TENSOR], shape: shape.toReversed() } }; }), /word_embeddings/],
  ["weights of integers", header((h) => ({ ...h, [TENSOR]: { ...h[TENSOR], dtype: "I32" } })), /word_embeddings|I32/],
  ["a pickle", weights(() => Buffer.from("PK\x03\x04 and so on")), /pickle/],
  ["a Git LFS pointer", weights(() => "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"), /LFS/],
  ["a web page", weights(() => "<!doctype html><html></html>"), /web page/],
  ["a GGUF file under that name", weights(() => readFileSync(fixture("gguf/llama.gguf"))), /GGUF/],
  ["a million tensors", weights(manyTensors), /model\.safetensors|tensors/],
  ["a folder under that name", special((path) => mkdirSync(path)), /folder/],
  ["a pipe under that name", special((path) => execFileSync("mkfifo", [path])), /model\.safetensors/],
  ["/dev/zero under that name", special((path) => symlinkSync("/dev/zero", path)), /model\.safetensors/],
  ["a dead link under that name", special((path) => symlinkSync("nowhere", path)), /model\.safetensors/],
  ["100 GB of nothing", special((path) => { writeFileSync(path, ""); truncateSync(path, 100e9); }), /model\.safetensors/],
  ["pytorch_model.bin alone", (workshop) => { const model = workshop.copy("bert"); rmSync(`${model}/${WEIGHTS}`); workshop.put("model/pytorch_model.bin", "PK\x03\x04"); return model; }, /pickle/],
  ["no weights", (workshop) => { const model = workshop.copy("bert"); rmSync(`${model}/${WEIGHTS}`); return model; }, /weights/],
  ["an index that is no JSON", index("{"), /index\.json/],
  ["an index that is a list", index("[]"), /index\.json/],
  ["an index without weight_map", index({}), /weight_map/],
  ["a weight_map of numbers", index({ weight_map: { [TENSOR]: 1 } }), /weight_map|places/],
  ["a shard outside the folder", index({ weight_map: { [TENSOR]: "../model.safetensors" } }), /\.\./],
  ["a shard that is not there", index({ weight_map: { [TENSOR]: "model-00001-of-00001.safetensors" } }), /model-00001/],
  ["a tensor that its shard lacks", index({ weight_map: { other: "a.safetensors" } }, ["a.safetensors"]), /other/],
  ["an index of no tensors", index({ weight_map: {} }), /index|lacks/],
  ["an index nested 100,000 deep", index(`{"weight_map":${"[".repeat(100_000)}`), /index\.json/],
]); // biome-ignore format: a table
