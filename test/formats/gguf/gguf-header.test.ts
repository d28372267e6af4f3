import { describe, expect, test } from "vitest";
import { CheckpointError } from "../../../src/errors.ts";
import { openGguf } from "../../../src/formats/gguf/file.ts";
import { temporaryFolder } from "../files.ts";
import { array, bool, type Described, f32, ggufOf, type Parts, string, u32, u64 } from "./gguf-bytes.ts";

const folder = temporaryFolder();
const a: Described = { name: "a", dims: [8] };
const b: Described = { name: "b", dims: [2, 3] };
const invalid = Uint8Array.of(0x61, 0xff);
const key = (...metadata: NonNullable<Parts["metadata"]>): Parts => ({ metadata });
const tensor = (changed: Partial<Described>): Parts => ({ tensors: [{ ...a, ...changed }] });
const HUGE = 2n ** 64n - 1n;

describe("a header is refused", () => {
  test.each<[string, Parts | Uint8Array, RegExp]>([
    ["an empty file", new Uint8Array(), /is truncated: it ends inside its first four bytes\n {2}at: byte 0: 4 more/],
    ["a file of three bytes", Buffer.from("GGU"), /is truncated: it ends inside its first four bytes/],
    ["no version", Buffer.from("GGUF"), /is truncated: it ends inside its version/],
    ["another magic", { magic: "GGML" }, /it is not a GGUF file\n {2}expected: GGUF as its first four bytes/],
    ["a pickle", Buffer.from("PK\x03\x04\0\0\x08\x08"), /not a GGUF file: it starts like a PyTorch pickle/],
    [
      "a web page",
      Buffer.from("<!DOCTYPE html>"),
      /it starts like a web page[\s\S]*hint: download the file itself again/,
    ],
    [
      "version 1",
      { version: 1 },
      /it is GGUF version 1\n {2}expected: version 2 or 3, little-endian\n {2}hint: convert/,
    ],
    ["version 4", { version: 4 }, /it is GGUF version 4/],
    [
      "big-endian",
      { version: 0x03000000 },
      /it is big-endian\n {2}expected: .*little-endian\n {2}hint: gguf-convert-endian/,
    ],
    ["tensors without number", { tensorCount: HUGE }, /the number of tensors is 18446744073709551615, more than fits/],
    ["keys without number", { keyCount: HUGE }, /the number of metadata keys is 18446744073709551615, more than fits/],
    ["more keys than there are", { ...key(["k", u32(1)]), keyCount: 2n, more: 40 }, /metadata key 1 is empty/],
    ["an empty key", key(["", u32(1)]), /metadata key 0 is empty/],
    ["a key that is not UTF-8", key([invalid, u32(1)]), /metadata key 0 is not UTF-8\n {2}at: bytes 32 to 34/],
    ["a key of 65,536 bytes", key(["k".repeat(65_536), u32(1)]), /metadata key 0 is over 65535 bytes long/],
    ["a key twice", key(["k", u32(1)], ["k", u32(1)]), /metadata key "k" occurs twice/],
    [
      "an unknown type",
      key(["k", { type: 13, bytes: new Uint8Array(8) }]),
      /"k" has the unknown type 13\n {2}expected: UINT8, .*, BOOL, STRING, ARRAY/,
    ],
    ["an unknown element type", key(["k", array(13, [])]), /"k" has the unknown type 13/],
    [
      "an array of arrays",
      key(["k", array(9, [array(4, [u32(1)])])]),
      /"k" is an array of arrays\n {2}expected: an array of single values/,
    ],
    ["a boolean of 2", key(["k", bool(2)]), /"k" contains the boolean 2\n {2}expected: 0 or 1/],
    ["a boolean of 2 in an array", key(["k", array(7, [bool(1), bool(2)])]), /"k" contains the boolean 2/],
    ["a string that is not UTF-8", key(["k", string(invalid)]), /"k" is not UTF-8/],
    [
      "a string past the end",
      key(["k", { type: 8, bytes: u64(HUGE).bytes }]),
      /the length of "k" is 18446744073709551615, more than/,
    ],
    [
      "an array past the end",
      key(["k", array(4, [u32(1)], 2n ** 62n)]),
      /the length of "k" is 4611686018427387904, more than/,
    ],
    [
      "an array of strings past the end",
      key(["k", array(8, [string("x")], 100n)]),
      /the length of "k" is 100, more than/,
    ],
    ["an alignment of another type", key(["general.alignment", u64(32n)]), /general.alignment is not a UINT32/],
    [
      "an alignment of 0",
      key(["general.alignment", u32(0)]),
      /general.alignment is 0\n {2}expected: a UINT32 that is a power of two, 8 or more/,
    ],
    ["an alignment of 4", key(["general.alignment", u32(4)]), /general.alignment is 4/],
    ["an alignment of 48", key(["general.alignment", u32(48)]), /general.alignment is 48/],
    ["a tensor without a name", tensor({ name: "" }), /tensor 0 has an empty name/],
    [
      "a name of 65 bytes",
      tensor({ name: `${"n".repeat(63)}ö` }),
      /the name of tensor 0 is 65 bytes long\n {2}expected: at most 64/,
    ],
    ["a name that is not UTF-8", tensor({ name: invalid }), /the name of tensor 0 is not UTF-8/],
    ["a name twice", { tensors: [a, a] }, /tensor "a" occurs twice/],
    ["no dims", tensor({ dims: [] }), /tensor "a" has 0 dims\n {2}expected: 1 to 4/],
    ["five dims", tensor({ dims: [1, 1, 1, 1, 1] }), /tensor "a" has 5 dims/],
    ["a dim of 0", tensor({ dims: [8, 0] }), /tensor "a" has no elements: dim 1 is 0/],
    [
      "an unknown ggml type",
      tensor({ type: 10 }),
      /tensor "a" is stored in ggml type 10\n {2}expected: F32 \(0\), .*Q6_K \(14\)\n {2}hint: .*Q8_0/,
    ],
    [
      "half a block in a row",
      tensor({ dims: [48], type: 8 }),
      /tensor "a" has rows of 48, which do not divide into Q8_0 blocks\n {2}expected: a multiple of 32/,
    ],
    [
      "more than a double counts",
      tensor({ dims: [2n ** 32n, 2n ** 32n], bytes: 0 }),
      /tensor "a" is too large: F32 \[4294967296,4294967296\] exceeds 2\^53/,
    ],
    ["a product that wraps round", tensor({ dims: [2n ** 63n, 2n ** 63n, 4], bytes: 0 }), /tensor "a" is too large/],
    [
      "too large by its values alone",
      tensor({ dims: [2n ** 53n + 32n], type: 2, bytes: 0 }),
      /tensor "a" is too large/,
    ],
    ["too large by its bytes alone", tensor({ dims: [2n ** 52n], bytes: 0 }), /tensor "a" is too large/],
    [
      "no alignment",
      { tensors: [a, { ...b, offset: 33 }] },
      /tensor "b" is not aligned\n {2}at: it begins at byte 33 of the data\n {2}expected: a multiple of 32/,
    ],
    [
      "an overlap",
      { tensors: [a, { ...b, offset: 0 }] },
      /tensor "b" overlaps tensor "a"\n {2}at: it begins at byte 0 of the data\n {2}expected: byte 32/,
    ],
    [
      "another order",
      {
        tensors: [
          { ...a, offset: 32 },
          { ...b, offset: 0 },
        ],
      },
      /a gap of 32 bytes before tensor "a"\n {2}at: after the header/,
    ],
    [
      "a hole",
      { tensors: [a, { ...b, offset: 96 }], more: 64 },
      /a gap of 64 bytes before tensor "b"\n {2}at: after tensor "a"/,
    ],
    [
      "an offset past all bounds",
      tensor({ offset: 2n ** 64n - 32n }),
      /a gap of 18446744073709551584 bytes before tensor "a"/,
    ],
    [
      "data cut off",
      { tensors: [a, { ...b, bytes: 0 }] },
      /is truncated: it ends inside tensor "b"\n {2}at: the tensor ends at byte 184, but the file has only 160\n {2}hint/,
    ],
    ["no data", tensor({ bytes: 0 }), /the file is truncated: it ends inside tensor "a"/],
    [
      "bytes left over",
      { tensors: [a], more: 1 },
      /1 bytes after tensor "a" belong to no tensor\n {2}at: from byte 96 on/,
    ],
    [
      "an alignment past the end",
      { ...key(["general.alignment", u32(2 ** 31)]), tensors: [a] },
      /the file is truncated: it ends inside tensor "a"/,
    ],
  ])("%s", async (_, file, message) => {
    const path = await folder.put("bad.gguf", file instanceof Uint8Array ? file : ggufOf(file));
    const refused = openGguf(path);
    await expect(refused).rejects.toThrow(CheckpointError);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow(path);
  });
});

test("every prefix of a file is refused as truncated", async () => {
  const whole = ggufOf({ metadata: [["k", array(8, [string("x"), string("y")])]], tensors: [a, b] });
  for (let length = 0; length < whole.length - 8; length++) {
    const path = await folder.put("cut.gguf", whole.subarray(0, length));
    await expect(openGguf(path), `${length} bytes`).rejects.toThrow(
      /is truncated: it ends inside|more than fits into the file/,
    );
  }
  // tensor b takes 24 of its 32 bytes: the padding behind it may be missing
  await expect(openGguf(await folder.put("cut.gguf", whole.subarray(0, -8)))).resolves.toBeDefined();
});

describe("what the format allows is read", () => {
  test.each([2, 3])("version %i: values of every type", async (version) => {
    const value = (type: number, ...bytes: number[]) => ({ type, bytes: Uint8Array.from(bytes) });
    const metadata: Parts["metadata"] = [
      ["u8", value(0, 200)],
      ["i8", value(1, 200)],
      ["u16", value(2, 0xff, 0xff)],
      ["i16", value(3, 0xff, 0xff)],
      ["u32", u32(2 ** 32 - 1)],
      ["i32", value(5, 0xfe, 0xff, 0xff, 0xff)],
      ["f32", f32(0.5)],
      ["true", bool(1)],
      ["string", string("\ufeffé😀")],
      ["u64", u64(2n ** 53n - 1n)],
      ["large", u64(2n ** 53n)],
      ["i64", value(11, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
      ["f64", value(12, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f)],
      ["strings", array(8, [string("x"), string("")])],
      ["none", array(8, [])],
      ["floats", array(6, [f32(1), f32(-2)])],
      ["booleans", array(7, [bool(1), bool(0)])],
    ];
    const { metadata: read, tensors } = await openGguf(await folder.put("types.gguf", ggufOf({ version, metadata })));
    expect(Object.fromEntries(read)).toEqual({
      u8: 200,
      i8: -56,
      u16: 65_535,
      i16: -1,
      u32: 2 ** 32 - 1,
      i32: -2,
      f32: 0.5,
      true: true,
      string: "\ufeffé😀",
      u64: 2 ** 53 - 1,
      large: 2n ** 53n,
      i64: -1,
      f64: 1.5,
      strings: ["x", ""],
      none: [],
      floats: Float32Array.of(1, -2),
      booleans: Uint8Array.of(1, 0),
    });
    expect(tensors.size).toBe(0);
  });

  test("tensors: shapes turned round, places in the file, another alignment", async () => {
    const metadata = [["general.alignment", u32(64)]] as const;
    const name = "n".repeat(64);
    const parts: Parts = {
      metadata,
      alignment: 64,
      tensors: [
        { ...b, name },
        { name: "c", dims: [32, 2, 1, 2], type: 8, bytes: 136 },
      ],
    };
    const file = await openGguf(await folder.put("good.gguf", ggufOf(parts)));
    const begin = file.tensors.get(name)!.begin;
    expect(begin % 64).toBe(0);
    expect([...file.tensors]).toEqual([
      [name, { type: "F32", shape: [3, 2], begin, byteLength: 24 }],
      ["c", { type: "Q8_0", shape: [2, 1, 2, 32], begin: begin + 64, byteLength: 136 }],
    ]);
    const expected = new Float32Array(Uint8Array.from({ length: 24 }, (_, i) => i + 1).buffer);
    expect(await file.read(file.tensors.get(name)!)).toEqual(expected);
  });
});
