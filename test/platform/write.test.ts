import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DataError } from "../../src/errors.ts";
import {
  copyFile,
  openAppend,
  writeBytesAtomic,
  writeChunksAtomic,
  writeTextAtomic,
} from "../../src/platform/node/index.ts";

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "write-"));
  path = join(folder, "file");
});
afterEach(() => rm(folder, { recursive: true }));

test("text, bytes and chunks replace what was there and leave nothing beside it", async () => {
  await writeTextAtomic(path, "one é");
  expect(await readFile(path, "utf8")).toBe("one é");
  await writeBytesAtomic(path, Uint8Array.of(1, 2));
  expect([...(await readFile(path))]).toEqual([1, 2]);
  const big = new Uint8Array(3_000_001).fill(7);
  await writeChunksAtomic(path, [big, new Uint8Array(), Uint8Array.of(9)]);
  expect(Buffer.concat([big, Uint8Array.of(9)]).equals(await readFile(path))).toBe(true);
  expect(await readdir(folder)).toEqual(["file"]);
});

test("a failure midway keeps the old file, its own error, and no temporary", async () => {
  await writeTextAtomic(path, "old");
  async function* chunks() {
    yield new Uint8Array(10);
    throw new DataError("no more");
  }
  await expect(writeChunksAtomic(path, chunks())).rejects.toThrow(new DataError("no more"));
  expect(await readFile(path, "utf8")).toBe("old");
  expect(await readdir(folder)).toEqual(["file"]);
});

test("a link is written through, not replaced", async () => {
  await writeTextAtomic(path, "old");
  await symlink(path, join(folder, "link"));
  await writeBytesAtomic(join(folder, "link"), Buffer.from("new"));
  expect(await readFile(path, "utf8")).toBe("new");
});

test("a missing folder is named", async () => {
  const far = join(folder, "none", "file");
  for (const write of [() => writeTextAtomic(far, ""), () => writeChunksAtomic(far, []), () => openAppend(far)]) {
    await expect(write()).rejects.toThrow(`cannot write ${far}: the folder ${folder}/none does not exist`);
  }
});

test("lines are added in the order of the calls, long ones too, after those there were", async () => {
  await writeTextAtomic(path, "first\n");
  const lines = Array.from({ length: 40 }, (_, i) => `${i}`.repeat(i % 4 ? 1 : 1_000_000));
  const log = await openAppend(path);
  await Promise.all(lines.map((line) => log.append(line)));
  await log.close();
  expect((await readFile(path, "utf8")) === `first\n${lines.join("\n")}\n`).toBe(true);
});

describe("modes", () => {
  const modeOf = async (name: string): Promise<number> => (await stat(name)).mode & 0o777;
  const ofUmask = 0o666 & ~process.umask();

  test.each([0o444, 0o600, 0o755])(
    "a copy of a file of mode %o is a new file, which can be written again",
    async (mode) => {
      await writeTextAtomic(path, "text");
      await chmod(path, mode);
      await symlink(path, join(folder, "link"));
      for (const from of [path, join(folder, "link")]) {
        await copyFile(from, join(folder, "copy"));
        expect(await modeOf(join(folder, "copy"))).toBe(ofUmask);
        await copyFile(from, join(folder, "copy"));
      }
      expect(await readFile(join(folder, "copy"), "utf8")).toBe("text");
    },
  );

  test.each([0o600, 0o444, 0o640])("a file of mode %o that is replaced keeps it", async (mode) => {
    for (const write of [
      () => writeTextAtomic(path, "new"),
      () => writeBytesAtomic(path, Uint8Array.of(1)),
      () => copyFile(join(folder, "other"), path),
    ]) {
      await writeTextAtomic(join(folder, "other"), "new");
      await rm(path, { force: true });
      await writeTextAtomic(path, "old");
      expect(await modeOf(path)).toBe(ofUmask);
      await chmod(path, mode);
      await write();
      expect(await modeOf(path)).toBe(mode);
    }
  });
});
