import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { array, f32, string, u32, type Value } from "../../../formats/gguf/gguf-bytes.ts";
import { ggufParts } from "../../fuzz/mutate-gguf.ts";
import { type BadInput, fixture, models, type Workshop } from "../workshop.ts";

const ALIGNMENT = 32;
type Make = (workshop: Workshop) => string;
const original = (name = "llama"): Buffer => readFileSync(fixture(`gguf/${name}.gguf`));
const file =
  (make: (bytes: Buffer) => Uint8Array): Make =>
  (workshop) =>
    workshop.put("model.gguf", make(original()));
const patched = (write: (bytes: Buffer) => void): Make =>
  file((bytes) => {
    write(bytes);
    return bytes;
  });
const special =
  (make: (path: string) => void): Make =>
  (workshop) => {
    make(workshop.at("model.gguf"));
    return workshop.at("model.gguf");
  };

/** The file with another value for a key, or without it. */
const keyed =
  (key: string, value?: Value, name = "llama"): Make =>
  (workshop) => {
    const bytes = original(name);
    const { parts, end, dataStart } = ggufParts(bytes);
    const pair = parts.find((part) => part.kind === "pair" && part.name === key);
    const keyBytes = string(key).bytes;
    const made = value ? Buffer.concat([keyBytes, u32(value.type).bytes, value.bytes]) : Buffer.alloc(0);
    const at = pair?.start ?? 24;
    const head = Buffer.concat([bytes.subarray(0, at), made, bytes.subarray(pair?.end ?? at, end)]);
    const more = (pair ? 0 : 1) - (value ? 0 : 1);
    head.writeBigUInt64LE(head.readBigUInt64LE(16) + BigInt(more), 16);
    const padding = Buffer.alloc((ALIGNMENT - (head.length % ALIGNMENT)) % ALIGNMENT);
    return workshop.put("model.gguf", Buffer.concat([head, padding, bytes.subarray(dataStart)]));
  };
/** The file with bytes of one part of its header overwritten. */
const part = (name: RegExp, value: bigint): Make =>
  patched((bytes) => {
    const found = ggufParts(bytes).parts.find(
      (part) => name.test(part.name) && (part.kind === "u32" || part.kind === "u64"),
    );
    if (!found) throw new Error(`the seed has no ${name}`);
    if (found.end - found.start === 4) bytes.writeUInt32LE(Number(value), found.start);
    else bytes.writeBigUInt64LE(value, found.start);
  });
const MAX = 2 ** 32 - 1;

/** GGUF files that are damaged, cut off, hostile or no models. */
export const ggufCases: readonly BadInput[] = models("GGUF", [
  ["another magic", patched((bytes) => bytes.write("GGML")), /GGUF/],
  ["an empty file", file(() => Buffer.alloc(0)), /model\.gguf/],
  ["version 1", patched((bytes) => bytes.writeUInt32LE(1, 4)), /version/],
  ["version 99", patched((bytes) => bytes.writeUInt32LE(99, 4)), /version/],
  ["big-endian", patched((bytes) => bytes.writeUInt32BE(3, 4)), /big-endian/],
  ["2^63 tensors", patched((bytes) => bytes.writeBigUInt64LE(2n ** 63n, 8)), /number of tensors/],
  ["one tensor too many", patched((bytes) => bytes.writeBigUInt64LE(bytes.readBigUInt64LE(8) + 1n, 8)), /model\.gguf/],
  ["2^63 keys", patched((bytes) => bytes.writeBigUInt64LE(2n ** 63n, 16)), /metadata keys/],
  ["a key of 2^62 bytes", patched((bytes) => bytes.writeBigUInt64LE(2n ** 62n, 24)), /model\.gguf/],
  ...[10, 30, 200, 2_000, 20_000].map((length) => [`cut after ${length} bytes`, file((bytes) => bytes.subarray(0, length)), /truncated|model\.gguf/] as const),
  ["bytes behind the end", file((bytes) => Buffer.concat([bytes, Buffer.alloc(64)])), /belong to no tensor/],
  ["alignment 0", keyed("general.alignment", u32(0)), /alignment/],
  ["alignment 2^31", keyed("general.alignment", u32(2 ** 31)), /alignment|model\.gguf/],
  ["no architecture", keyed("general.architecture"), /general\.architecture/],
  ["architecture clip", keyed("general.architecture", string("clip")), /clip/],
  ["architecture __proto__", keyed("general.architecture", string("__proto__")), /__proto__/],
  ["an architecture that is a number", keyed("general.architecture", u32(1)), /general\.architecture/],
  ["one of three parts", keyed("split.count", u32(3)), /parts/],
  ["an adapter", keyed("general.type", string("adapter")), /adapter/],
  ["block_count 2^32 - 1", keyed("llama.block_count", u32(MAX)), /block_count|layers|tensors/],
  ["block_count 0", keyed("llama.block_count", u32(0)), /block_count|layers|blk/],
  ["no block_count", keyed("llama.block_count"), /block_count/],
  ["block_count as text", keyed("llama.block_count", string("2")), /block_count/],
  ["embedding_length 2^32 - 1", keyed("llama.embedding_length", u32(MAX)), /embedding_length|shape|\[/],
  ["embedding_length 0", keyed("llama.embedding_length", u32(0)), /embedding_length/],
  ["head_count 0", keyed("llama.attention.head_count", u32(0)), /head_count/],
  ["head_count 3", keyed("llama.attention.head_count", u32(3)), /head_count|heads/],
  ["head_count_kv 2^32 - 1", keyed("llama.attention.head_count_kv", u32(MAX)), /head_count_kv|heads/],
  ["key_length 2^32 - 1", keyed("llama.attention.key_length", u32(MAX)), /key_length|head/],
  ["context_length 0", keyed("llama.context_length", u32(0)), /context_length/],
  ["context_length as a float", keyed("llama.context_length", f32(0.5)), /context_length/],
  ["feed_forward_length 2^32 - 1", keyed("llama.feed_forward_length", u32(MAX)), /feed_forward_length|shape|\[/],
  ["no tokens", keyed("tokenizer.ggml.tokens"), /tokenizer\.ggml\.tokens/],
  ["three tokens", keyed("tokenizer.ggml.tokens", array(8, [string("a"), string("b"), string("c")])), /tokens|token/],
  ["tokens that are numbers", keyed("tokenizer.ggml.tokens", array(4, [u32(1), u32(2)])), /tokens/],
  ["2^40 tokens claimed", keyed("tokenizer.ggml.tokens", array(8, [string("a")], 2n ** 40n)), /tokens|model\.gguf/],
  ["lists of lists", keyed("tokenizer.ggml.tokens", array(9, [], 1n)), /model\.gguf/],
  ["tokenizer model unknown", keyed("tokenizer.ggml.model", string("unknown")), /tokenizer/],
  ["tokenizer pre unknown", keyed("tokenizer.ggml.pre", string("from the future"), "qwen2"), /tokenizer\.ggml\.pre|from the future/],
  ["token types too few", keyed("tokenizer.ggml.token_type", array(5, [u32(1)])), /token_type/],
  ["bos_token_id 2^32 - 1", keyed("tokenizer.ggml.bos_token_id", u32(MAX)), /bos_token_id/],
  ["a tensor of five dims", part(/^dims of blk/, 5n), /dims/],
  ["a tensor with a dim of 0", part(/^dim 0 of blk/, 0n), /dim/],
  ["a tensor of 2^63 values", part(/^dim 0 of blk/, 2n ** 63n), /large|blk/],
  ["a tensor of type 99", part(/^type of blk/, 99n), /type 99/],
  ["an offset of 2^64 - 32", part(/^offset of blk/, 2n ** 64n - 32n), /blk|hole/],
  ["an offset that is not aligned", part(/^offset of blk/, 7n), /aligned/],
  ["a folder under that name", special((path) => mkdirSync(path)), /model\.gguf/],
  ["a pipe", special((path) => execFileSync("mkfifo", [path])), /model\.gguf/],
  ["/dev/zero", special((path) => symlinkSync("/dev/zero", path)), /model\.gguf/],
], { keys: { task_type: "CAUSAL_LM" }, commands: ["train", "generate", "plan", "inspect", "evaluate"] }); // biome-ignore format: a table
