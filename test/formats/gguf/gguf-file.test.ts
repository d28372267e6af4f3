import { open, readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArchitectureError, CheckpointError, FileError } from "../../../src/errors.ts";
import { openGguf } from "../../../src/formats/gguf/file.ts";
import { readGguf } from "../../../src/formats/gguf/model/read-gguf.ts";
import { temporaryFolder } from "../files.ts";
import { array, ggufOf, string, u64 } from "./gguf-bytes.ts";

const folder = temporaryFolder();
const TINY = "test/parity/fixtures/gguf/llama.gguf";

/** A file of that length that begins with `start`; what is between takes no room on disk. */
async function sparse(name: string, start: Uint8Array, length: number, end = new Uint8Array()): Promise<string> {
  const path = await folder.put(name, start);
  const file = await open(path, "r+");
  await file.truncate(length);
  await file.write(end, 0, end.length, length - end.length);
  await file.close();
  return path;
}

test("a header longer than the first read is read to its end", async () => {
  const long = "x".repeat(9_000_000);
  const parts = { metadata: [["long", string(long)]] as const, tensors: [{ name: "a", dims: [4] }] };
  const { metadata, tensors } = await openGguf(await folder.put("long.gguf", ggufOf(parts)));
  expect(metadata.get("long") === long).toBe(true);
  expect(tensors.size).toBe(1);
});

test("a header over 64 MB is refused, though the file is as long as that", async () => {
  const parts = { metadata: [["k", { type: 8, bytes: u64(150_000_000n).bytes }]] as const };
  const path = await sparse("header.gguf", ggufOf(parts), 300_000_000);
  const before = process.memoryUsage().arrayBuffers;
  await expect(openGguf(path)).rejects.toThrow(
    "header.gguf: its header is longer than 64000000 bytes, the limit\n  hint: the file is damaged",
  );
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2e7);
});

test("tensors past 4 GB are found", async () => {
  const first = { name: "first", dims: [2 ** 30], bytes: 0 };
  const parts = { tensors: [first, { name: "last", dims: [4], offset: 2 ** 32, bytes: 0 }] };
  const header = ggufOf(parts);
  const path = await sparse(
    "large.gguf",
    header,
    header.length + 2 ** 32 + 16,
    new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer),
  );
  const file = await openGguf(path);
  const last = file.tensors.get("last")!;
  expect(last.begin).toBe(header.length + 2 ** 32);
  expect([...(await file.read(last))]).toEqual([1, 2, 3, 4]);
});

test("a file that changed after its header was read is not read further", async () => {
  const parts = { tensors: [{ name: "a", dims: [4] }] };
  const file = await openGguf(await folder.put("changed.gguf", ggufOf(parts)));
  await folder.put("changed.gguf", ggufOf({ ...parts, more: 1 }));
  await expect(file.read(file.tensors.get("a")!)).rejects.toThrow("changed.gguf changed after its header was read");
});

test("a missing file is a missing file", async () => {
  await expect(openGguf(`${folder.path}/nothing.gguf`)).rejects.toThrow(FileError);
});

describe("a damaged file", () => {
  const KNOWN = [CheckpointError, FileError, ArchitectureError];

  /** It is read, or refused by an error of the library's own; either way nothing large is allocated. */
  async function isSafe(bytes: Uint8Array): Promise<void> {
    const path = await folder.put("damaged.gguf", bytes);
    const before = process.memoryUsage().arrayBuffers;
    try {
      const file = await openGguf(path);
      for (const tensor of [...file.tensors.values()].slice(0, 4)) await file.read(tensor);
      const { tensors, readFloat32 } = await readGguf(path);
      for (const name of [...tensors.keys()].slice(0, 4)) await readFloat32(name);
    } catch (error) {
      expect(
        KNOWN.some((known) => error instanceof known),
        `${(error as Error).stack}`,
      ).toBe(true);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e7);
  }

  test("cut anywhere is refused", async () => {
    const whole = await readFile(TINY);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 32), async (length) => {
        const path = await folder.put("damaged.gguf", whole.subarray(0, length));
        await expect(openGguf(path)).rejects.toThrow(CheckpointError);
      }),
      { numRuns: 100 },
    );
  });

  test("changed anywhere gives other values, or an error of the library's own", async () => {
    const whole = await readFile(TINY);
    const header = (await openGguf(TINY)).tensors.values().next().value!.begin;
    const at = fc.oneof(fc.nat(header), fc.nat(200), fc.nat(whole.length - 1));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = Uint8Array.from(whole);
        for (const [place, value] of changes) bytes[place] = value;
        await isSafe(bytes);
      }),
      { numRuns: 300 },
    );
  }, 120_000);

  test("made of noise behind the magic gives an error of the library's own", async () => {
    const start = ggufOf({ tensorCount: 3n, keyCount: 2n, metadata: [["k", array(8, [string("x")])]] });
    await fc.assert(
      fc.asyncProperty(fc.nat(start.length), fc.uint8Array({ maxLength: 400 }), async (kept, noise) => {
        await isSafe(Buffer.concat([start.subarray(0, kept), noise]));
      }),
      { numRuns: 300 },
    );
  });
});
