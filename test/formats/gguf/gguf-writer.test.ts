import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { quantizeGgml } from "../../../src/formats/gguf/blocks/quantize.ts";
import { openGguf } from "../../../src/formats/gguf/file.ts";
import { type GgufTensor, writeGguf } from "../../../src/formats/gguf/writer.ts";
import { temporaryFolder } from "../temporary.ts";

const folder = await temporaryFolder();

const floats = (name: string, shape: readonly number[], values: readonly number[]): GgufTensor => ({
  ...{ name, shape, type: "F32" },
  read: async () => quantizeGgml("F32", Float32Array.from(values)),
});

describe("writeGguf", () => {
  test("byte for byte what the format says", async () => {
    await writeGguf(`${folder}/small.gguf`, [["k", { uint32: 7 }]], [floats("t", [1, 2], [1, -2])]);
    const bytes = readFileSync(`${folder}/small.gguf`);
    const numbers = (...list: number[]): string => list.map((x) => x.toString(16).padStart(2, "0")).join("");
    const u64 = (x: number): string => numbers(x, 0, 0, 0, 0, 0, 0, 0);
    const header =
      Buffer.from("GGUF").toString("hex") +
      numbers(3, 0, 0, 0) +
      u64(1) +
      u64(1) +
      u64(1) +
      Buffer.from("k").toString("hex") +
      numbers(4, 0, 0, 0, 7, 0, 0, 0) +
      u64(1) +
      Buffer.from("t").toString("hex") +
      numbers(2, 0, 0, 0) +
      u64(2) +
      u64(1) +
      numbers(0, 0, 0, 0) +
      u64(0);
    expect(bytes.subarray(0, header.length / 2).toString("hex")).toBe(header);
    expect(bytes.length).toBe(96 + 32);
    expect([bytes.readFloatLE(96), bytes.readFloatLE(100)]).toEqual([1, -2]);
    expect(bytes.subarray(104)).toEqual(Buffer.alloc(24));
  });

  test("values of every type and tensors of every layout come back", async () => {
    const x = Float32Array.from({ length: 64 }, (_, i) => Math.fround(Math.sin(i)));
    const blocks: GgufTensor = { name: "b", type: "Q8_0", shape: [2, 32], read: async () => quantizeGgml("Q8_0", x) };
    await writeGguf(
      `${folder}/all.gguf`,
      [
        ["text", "größer ▁"],
        ["yes", true],
        ["third", { float32: 1 / 3 }],
        ["list", ["", "ä", "▁b"]],
        ["ids", Int32Array.of(-1, 6)],
        ["scores", Float32Array.of(-1.5, 0)],
      ],
      [floats("odd", [3], [1, 2, 3]), blocks, floats("last", [1], [9])],
    );
    const file = await openGguf(`${folder}/all.gguf`);
    expect(Object.fromEntries(file.metadata)).toEqual({
      ...{ text: "größer ▁", yes: true, third: Math.fround(1 / 3), list: ["", "ä", "▁b"] },
      ...{ ids: Int32Array.of(-1, 6), scores: Float32Array.of(-1.5, 0) },
    });
    const read = async (name: string) => file.read(file.tensors.get(name)!);
    expect([...(await read("odd")), ...(await read("last"))]).toEqual([1, 2, 3, 9]);
    expect(file.tensors.get("b")).toMatchObject({ type: "Q8_0", shape: [2, 32], byteLength: 68 });
    (await read("b")).forEach((value, i) => void expect(Math.abs(value - x[i]!)).toBeLessThan(0.005));
  });

  test.each([
    [
      "a name that is too long",
      [floats("n".repeat(64), [1], [1])],
      /the tensor name "n{64}" cannot be written\n {2}expected: at most 63 bytes, and no name twice/,
    ],
    ["a name twice", [floats("t", [1], [1]), floats("t", [1], [1])], /the tensor name "t" cannot be written/],
    ["bytes that are too few", [floats("t", [2], [1])], /tensor "t" has 4 bytes, but F32 \[2\] takes 8/],
  ])("refuses %s, and leaves no file", async (_, tensors, message) => {
    await expect(writeGguf(`${folder}/refused.gguf`, [], tensors)).rejects.toThrow(message);
    expect(() => readFileSync(`${folder}/refused.gguf`)).toThrow(/ENOENT/);
  });
});
