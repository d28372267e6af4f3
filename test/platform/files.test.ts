import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FileError } from "../../src/errors.ts";
import {
  copyFile,
  exists,
  isFolder,
  listFolder,
  makeFolder,
  openFile,
  readBytes,
  readText,
  removeFolder,
  sha256File,
} from "../../src/platform/node/index.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "files-"));
  await writeFile(join(folder, "train.jsonl"), "\ufeffabc");
  await writeFile(
    join(folder, "bytes"),
    Uint8Array.from({ length: 100 }, (_, i) => i),
  );
});
afterAll(() => rm(folder, { recursive: true }));

describe("openFile", () => {
  test("reads any range into an aligned buffer of its own", async () => {
    const file = await openFile(join(folder, "bytes"));
    const [a, b] = await Promise.all([file.read(3, 16), file.read(50, 8)]);
    await file.close();
    expect(file.size).toBe(100);
    expect([...a]).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]);
    expect([a.byteOffset, a.buffer.byteLength]).toEqual([0, 16]);
    expect(new BigUint64Array(b.buffer).length).toBe(1);
  });

  test("refuses bytes that the file does not have, before allocating for them", async () => {
    const file = await openFile(join(folder, "bytes"));
    await expect(file.read(90, 2 ** 50)).rejects.toThrow(
      /bytes is too short: bytes 90 to \d+ were requested.*it has 100$/,
    );
    await file.close();
  });

  test("refuses a folder", () =>
    expect(openFile(folder)).rejects.toThrow(new FileError(`cannot read ${folder}: it is a folder, not a file`)));
});

describe("what is missing is named", () => {
  test("with the nearest sibling", () =>
    expect(readText(join(folder, "Tran.jsonl"))).rejects.toThrow(
      new FileError(`cannot read ${folder}/Tran.jsonl: no such file`, { hint: `did you mean ${folder}/train.jsonl?` }),
    ));

  test("with what the folder holds when nothing is near", () =>
    expect(readText(join(folder, "zzzzzzzz"))).rejects.toThrow(`${folder} holds: bytes, train.jsonl`));

  test("as the first folder that does not exist", () =>
    expect(readText(join(folder, "a/b/c"))).rejects.toThrow(`c: the folder ${folder}/a does not exist`));

  test("for a listing, and for either side of a copy", async () => {
    await expect(listFolder(join(folder, "none"))).rejects.toThrow(FileError);
    await expect(copyFile(join(folder, "none"), folder)).rejects.toThrow(`cannot read ${folder}/none`);
    await expect(copyFile(join(folder, "bytes"), join(folder, "x/y"))).rejects.toThrow(`cannot write ${folder}/x/y`);
  });
});

test("text loses its byte order mark and must be UTF-8", async () => {
  expect(await readText(join(folder, "train.jsonl"))).toBe("abc");
  await expect(readText(join(folder, "bytes"))).resolves.toHaveLength(100);
  await writeFile(join(folder, "latin1"), Uint8Array.of(0x61, 0xe9));
  await expect(readText(join(folder, "latin1"))).rejects.toThrow("latin1: not UTF-8 text");
});

test("folders are made, listed in order, copied into and removed", async () => {
  const inner = join(folder, "one", "two");
  await makeFolder(inner);
  await makeFolder(inner);
  await copyFile(join(folder, "bytes"), join(inner, "b"));
  await copyFile(join(folder, "bytes"), join(inner, "a"));
  expect(await listFolder(inner)).toEqual(["a", "b"]);
  expect(await readBytes(join(inner, "a"))).toEqual(await readBytes(join(folder, "bytes")));
  expect([await isFolder(inner), await isFolder(join(inner, "a")), await exists(join(inner, "a"))]).toEqual([
    true,
    false,
    true,
  ]);
  await removeFolder(inner);
  await removeFolder(inner);
  expect(await exists(inner)).toBe(false);
});

test("sha256 of a file", async () => {
  await writeFile(join(folder, "abc"), "abc");
  expect(await sha256File(join(folder, "abc"))).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  await expect(sha256File(join(folder, "abd"))).rejects.toThrow(`did you mean ${folder}/abc?`);
});
