import { open } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { CheckpointError } from "../../../src/errors.ts";
import { readSafetensors } from "../../../src/formats/safetensors/safetensors.ts";
import { fileOf, temporaryFolder } from "../files.ts";

const folder = temporaryFolder();

const tensor = (begin: number, end: number, shape: unknown = [end - begin], dtype: unknown = "U8") =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

describe("a header is refused", () => {
  test.each<[string, string | Uint8Array, number, RegExp]>([
    ["not UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d), 0, /malformed safetensors header: it is not UTF-8/],
    ["not an object", "[]", 0, /it does not begin with \{/],
    ["with a byte order mark", "\ufeff{}", 0, /it does not begin with \{/],
    ["not JSON", '{"a"}', 0, /malformed safetensors header: expected : but found \} at character 4/],
    ["a name twice", `{"a":${tensor(0, 0)},"a":${tensor(0, 0)}}`, 0, /key "a" occurs twice/],
    ["a tensor that is no object", '{"a":["U8",[0],[0,0]]}', 0, /tensor "a" is not described by an object/],
    ["an unknown dtype", `{"a":${tensor(0, 4, [4], "Q4")}}`, 4, /tensor "a" has dtype "Q4"\n {2}expected: BOOL, .*F32/],
    ["a dtype named as an object's own", `{"a":${tensor(0, 4, [4], "toString")}}`, 4, /has dtype "toString"/],
    ["no dtype", '{"a":{"shape":[0],"data_offsets":[0,0]}}', 0, /has dtype missing/],
    ["no shape", '{"a":{"dtype":"U8","data_offsets":[0,0]}}', 0, /tensor "a" has no shape/],
    ["a shape of strings", `{"a":${tensor(0, 4, ["4"])}}`, 4, /tensor "a" has no shape/],
    ["a negative dim", `{"a":${tensor(0, 4, [-4])}}`, 4, /non-negative integer below 2\^53 but found -4/],
    ["a dim written as a float", '{"a":{"dtype":"U8","shape":[4.0],"data_offsets":[0,4]}}', 4, /but found 4\.0/],
    ["an infinite dim", '{"a":{"dtype":"U8","shape":[1e400],"data_offsets":[0,4]}}', 4, /but found 1e400/],
    ["one offset", '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0]}}', 0, /tensor "a" has no data_offsets/],
    ["an end before its begin", `{"a":${tensor(4, 0, [4])}}`, 4, /ends before it begins: data_offsets \[4, 0\]/],
    [
      "shape × size too large",
      `{"a":${tensor(0, 4, [2 ** 30, 2 ** 30])}}`,
      4,
      /tensor "a" is too large: U8 \[\d+,\d+\]/,
    ],
    ["too large on the way to zero", `{"a":${tensor(0, 0, [2 ** 52, 2 ** 52, 0])}}`, 0, /tensor "a" is too large/],
    [
      "shape × size other than its bytes",
      `{"a":${tensor(0, 4, [2, 2], "F16")}}`,
      4,
      /has 4 bytes, but F16 \[2,2\] takes 8/,
    ],
    ["half a byte", `{"a":${tensor(0, 1, [3], "F4")}}`, 1, /has 1 bytes, but F4 \[3\] takes 1\.5/],
    [
      "an overlap",
      `{"a":${tensor(0, 4)},"b":${tensor(2, 6)}}`,
      6,
      /tensor "b" overlaps tensor "a"\n {2}at: bytes 2 to 4/,
    ],
    ["a hole", `{"a":${tensor(0, 4)},"b":${tensor(6, 8)}}`, 8, /a gap of 2 bytes before tensor "b"\n {2}at: after "a"/],
    ["a hole at the start", `{"a":${tensor(2, 4)}}`, 4, /a gap of 2 bytes before tensor "a"\n {2}at: after the header/],
    [
      "data cut off",
      `{"a":${tensor(0, 4)},"b":${tensor(4, 8)}}`,
      7,
      /truncated: it ends inside tensor "b"[\s\S]*the file has only 7/,
    ],
    ["bytes left over", `{"a":${tensor(0, 4)}}`, 5, /1 bytes after the last tensor belong to no tensor/],
    ["metadata that are no object", '{"__metadata__":"pt"}', 0, /__metadata__ must map strings to strings/],
    [
      "a name of 2 MB",
      `{"${"n".repeat(2e6)}":${tensor(0, 4)}}`,
      4,
      /name of a tensor is 2000000 characters long\n {2}at: it begins "n{40}"\n/,
    ],
    ["65 dims", `{"a":${tensor(0, 1, Array(65).fill(1))}}`, 1, /tensor "a" has 65 dims\n {2}expected: at most 64/],
    ["a million dims", `{"a":${tensor(0, 1, Array(1e6).fill(1))}}`, 1, /more than 1000000 values/],
    [
      "100,001 tensors",
      `{${Array.from({ length: 100_001 }, (_, i) => `"${i}":0`)}}`,
      0,
      /lists 100001 tensors\n {2}expected: at most 100000/,
    ],
    ["a tensor that is null", '{"a":null}', 0, /tensor "a" is not described by an object/],
    ["metadata other than strings", '{"__metadata__":{"a":1}}', 0, /__metadata__ must map strings to strings/],
  ])("%s", async (_, header, dataBytes, message) => {
    const path = await folder.put("bad.safetensors", fileOf(header, dataBytes));
    const refused = readSafetensors(path);
    await expect(refused).rejects.toThrow(CheckpointError);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow(path);
  });
});

test("what the format allows is read: scalars, empty tensors, other keys, any order, no metadata, trailing space", async () => {
  const header = `{"b":${tensor(4, 8, [], "F32")},"e":${tensor(4, 4, [0, 3])},"a":{"x":"y","dtype":"F4","shape":[8],"data_offsets":[0,4]}} \n`;
  const { metadata, tensors } = await readSafetensors(await folder.put("good.safetensors", fileOf(header, 8)));
  expect(metadata).toEqual({});
  expect([...tensors].map(([name, { dtype, shape, byteLength }]) => [name, dtype, shape, byteLength])).toEqual([
    ["a", "F4", [8], 4],
    ["e", "U8", [0, 3], 0],
    ["b", "F32", [], 4],
  ]);
});

test("metadata that are null, as MLX writes them, are none", async () => {
  const header = `{"__metadata__":null,"a":${tensor(0, 4, [], "F32")}}`;
  const { metadata, tensors } = await readSafetensors(await folder.put("mlx.safetensors", fileOf(header, 4)));
  expect([metadata, tensors.size]).toEqual([{}, 1]);
});

describe("a header that cannot be there is refused before any allocation", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["an empty file", new Uint8Array(), /truncated: 0 bytes cannot hold/],
    ["a short file", new Uint8Array(7), /truncated: 7 bytes cannot hold/],
    [
      "past the end",
      fileOf("{}", 0, 1000n),
      /truncated: its header needs 1000 bytes, but the file has only 10 in total/,
    ],
    [
      "2^64 - 1 bytes",
      fileOf("{}", 0, 2n ** 64n - 1n),
      /claims a header of 18446744073709551615 bytes; the limit is 32000000/,
    ],
    [
      "a PyTorch zip",
      Buffer.from("PK\x03\x04\0\0\x08\x08"),
      /starts like a PyTorch pickle; [\s\S]*never opened[\s\S]*weights_only=True/,
    ],
    ["a bare pickle", Buffer.from([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9]), /starts like a PyTorch pickle/],
    [
      "a Git LFS pointer",
      Buffer.from("version https://git-lfs.github.com/spec/v1"),
      /a Git LFS pointer\n {2}hint: .*git lfs pull/,
    ],
    ["GGUF", Buffer.from("GGUF\x03\0\0\0\x01"), /starts like a GGUF file/],
    ["a web page", Buffer.from("<!DOCTYPE html>"), /starts like a web page/],
  ])("%s", async (_, bytes, message) => {
    const refused = readSafetensors(await folder.put("bad.safetensors", bytes));
    await expect(refused).rejects.toThrow(CheckpointError);
    await expect(refused).rejects.toThrow(message);
  });

  test("over 32 MB, though the file is as long as that", async () => {
    const path = await folder.put("sparse.safetensors", fileOf("{", 0, 32_000_001n));
    const file = await open(path, "r+");
    await file.truncate(300_000_000);
    await file.close();
    const before = process.memoryUsage().arrayBuffers;
    await expect(readSafetensors(path)).rejects.toThrow("claims a header of 32000001 bytes; the limit is 32000000");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });
});
