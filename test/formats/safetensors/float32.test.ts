import { expect, test } from "vitest";
import { readFloat32 } from "../../../src/formats/safetensors/float32.ts";
import type { TensorEntry } from "../../../src/formats/safetensors/safetensors.ts";

const entry = (dtype: TensorEntry["dtype"], bytes: Uint8Array<ArrayBuffer>): TensorEntry => ({
  name: "w",
  path: "model.safetensors",
  dtype,
  shape: [bytes.length],
  byteLength: bytes.length,
  read: async () => bytes,
});

test("float32 is the very buffer that was read", async () => {
  const bytes = new Uint8Array(Float32Array.of(1.5, -2).buffer);
  const values = await readFloat32(entry("F32", bytes));
  expect([...values]).toEqual([1.5, -2]);
  expect(values.buffer).toBe(bytes.buffer);
});

test("other floats convert, integers do not", async () => {
  const half = (...bits: number[]) => new Uint8Array(Uint16Array.from(bits).buffer);
  expect([...(await readFloat32(entry("F16", half(0x3c00, 0xc000))))]).toEqual([1, -2]);
  expect([...(await readFloat32(entry("BF16", half(0x3f80, 0xc000))))]).toEqual([1, -2]);
  expect([...(await readFloat32(entry("F64", new Uint8Array(Float64Array.of(0.1).buffer))))]).toEqual([
    Math.fround(0.1),
  ]);
  await expect(readFloat32(entry("I8", new Uint8Array(1)))).rejects.toThrow(
    'model.safetensors: tensor "w" is stored as I8\n  expected: F32, F16, BF16, F64',
  );
});
