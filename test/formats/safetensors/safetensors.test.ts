import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CheckpointError } from "../../../src/errors.ts";
import { DTYPE_BITS, type Dtype } from "../../../src/formats/safetensors/dtype.ts";
import { readFloat32 } from "../../../src/formats/safetensors/float32.ts";
import { readSafetensors, type TensorSource, writeSafetensors } from "../../../src/formats/safetensors/safetensors.ts";
import { fileOf, temporaryFolder } from "../files.ts";

const folder = temporaryFolder();
const MIXED = "test/formats/safetensors/fixtures/mixed.safetensors";
const u8 = (...data: number[]): TensorSource => ({ dtype: "U8", shape: [data.length], data: Uint8Array.from(data) });

describe("a file that Python wrote", () => {
  test("is read: values, shapes, metadata", async () => {
    const { tensors, metadata } = await readSafetensors(MIXED);
    expect(metadata).toEqual({ format: "pt" });
    expect(tensors.size).toBe(18);
    expect(tensors.get("as.bfloat16")).toMatchObject({ dtype: "BF16", shape: [2, 3], byteLength: 12, path: MIXED });
    for (const name of ["as.float64", "as.float32", "as.float16", "as.bfloat16"]) {
      expect([...(await readFloat32(tensors.get(name)!))], name).toEqual([0, 1, -2, 0.5, 100, 3]);
    }
    expect([...(await tensors.get("as.uint8")!.read())]).toEqual([1, 2, 255]);
    expect([...new BigInt64Array((await tensors.get("as.int64")!.read()).buffer)]).toEqual([0n, 1n, -2n, 0n, 100n, 3n]);
    expect([...(await readFloat32(tensors.get("scalar")!))]).toEqual([3.5]);
    expect(tensors.get("empty")!.shape).toEqual([0, 7]);
  });

  test("is written again byte for byte, whatever the order of the tensors", async () => {
    const { tensors, metadata } = await readSafetensors(MIXED);
    const wanted = await readFile(MIXED);
    const path = join(folder.path, "again.safetensors");
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...tensors], { minLength: tensors.size }), async (shuffled) => {
        await writeSafetensors(path, shuffled, metadata);
        expect(wanted.equals(await readFile(path))).toBe(true);
      }),
      { numRuns: 10 },
    );
  });
});

test("any tensors come back as they were written", async () => {
  const tensor = fc
    .tuple(fc.constantFrom(...(Object.keys(DTYPE_BITS) as Dtype[])), fc.array(fc.nat(4), { maxLength: 3 }))
    .filter(([dtype, shape]) => (shape.reduce((n, dim) => n * dim, 1) * DTYPE_BITS[dtype]) % 8 === 0)
    .chain(([dtype, shape]) => {
      const bytes = (shape.reduce((n, dim) => n * dim, 1) * DTYPE_BITS[dtype]) / 8;
      return fc.record({
        dtype: fc.constant(dtype),
        shape: fc.constant(shape),
        data: fc.uint8Array({ minLength: bytes, maxLength: bytes }),
      });
    });
  const name = fc.string({ unit: "grapheme" }).filter((text) => text !== "__metadata__");
  const metadata = fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true });
  const path = join(folder.path, "any.safetensors");
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key }),
      metadata,
      async (written, notes) => {
        await writeSafetensors(path, written, notes);
        const read = await readSafetensors(path);
        expect(read.metadata).toEqual(notes);
        expect(read.tensors.size).toBe(written.length);
        for (const [key, { dtype, shape, data }] of written) {
          const entry = read.tensors.get(key)!;
          expect(entry).toMatchObject({ name: key, dtype, shape, byteLength: data.length });
          expect(Buffer.from(await entry.read()).equals(data)).toBe(true);
        }
      },
    ),
  );
});

test("data are the bytes of the view, not of its buffer", async () => {
  const path = join(folder.path, "view.safetensors");
  const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
  await writeSafetensors(path, [["w", { dtype: "F32", shape: [2], data }]]);
  const { tensors, metadata } = await readSafetensors(path);
  expect([...(await readFloat32(tensors.get("w")!))]).toEqual([1, 2]);
  expect(metadata).toEqual({ format: "pt" });
});

describe("a write is refused, and nothing is left of it", () => {
  test.each<[string, [string, TensorSource][], RegExp]>([
    [
      "a name twice",
      [
        ["a", u8(1)],
        ["a", u8(2)],
      ],
      /key "a" occurs twice/,
    ],
    [
      "too few bytes",
      [
        ["a", u8(1)],
        ["b", { dtype: "F32", shape: [2], data: new Uint8Array(4) }],
      ],
      /tensor "b" has 4 bytes, but F32 \[2\] takes 8/,
    ],
    ["a shape of fractions", [["a", { ...u8(1, 2), shape: [0.5, 4] }]], /but found 0\.5/],
    ["half a character", [["\ud800", u8(1)]], /an unpaired surrogate/],
    ["the name of the metadata", [["__metadata__", u8(1)]], /key "__metadata__" occurs twice/],
  ])("%s", async (_, tensors, message) => {
    const path = join(folder.path, "refused.safetensors");
    const refused = writeSafetensors(path, tensors);
    await expect(refused).rejects.toThrow(CheckpointError);
    await expect(refused).rejects.toThrow(message);
    expect((await readdir(folder.path)).filter((name) => name.startsWith("refused"))).toEqual([]);
  });
});

test("a file that changed after its header was read is not read further", async () => {
  const header = '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}';
  const path = await folder.put("changed.safetensors", fileOf(header, 4));
  const entry = (await readSafetensors(path)).tensors.get("a")!;
  expect([...(await entry.read())]).toEqual([1, 2, 3, 4]);
  await folder.put("changed.safetensors", fileOf(header, 3));
  await expect(entry.read()).rejects.toThrow("changed.safetensors changed after its header was read");
});
