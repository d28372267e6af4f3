import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FileError } from "../../src/errors.ts";
import { exists, linkFile } from "../../src/platform/node/index.ts";

const system = vi.hoisted(() => ({ refuses: false }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const symlink: typeof real.symlink = (...given) =>
    system.refuses
      ? Promise.reject(Object.assign(new Error("no"), { code: "EPERM", syscall: "symlink" }))
      : real.symlink(...given);
  return { ...real, symlink };
});

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "links-"));
  await mkdir(`${folder}/a/b`, { recursive: true });
  await writeFile(`${folder}/blob`, "bytes");
  system.refuses = false;
});
afterEach(() => rm(folder, { recursive: true }));

test("a relative link, and content with one that is there", async () => {
  for (const _ of [1, 2]) await linkFile(`${folder}/blob`, `${folder}/a/b/name`, { mayMove: true });
  expect(await readlink(`${folder}/a/b/name`)).toBe("../../blob");
  expect(await readFile(`${folder}/a/b/name`, "utf8")).toBe("bytes");
});

test.each([true, false])("where links are not permitted the file itself goes there; moved: %s", async (mayMove) => {
  system.refuses = true;
  await linkFile(`${folder}/blob`, `${folder}/a/b/name`, { mayMove });
  expect(await readFile(`${folder}/a/b/name`, "utf8")).toBe("bytes");
  expect(await exists(`${folder}/blob`)).toBe(!mayMove);
});

test("a folder that is not there", () =>
  expect(linkFile(`${folder}/blob`, `${folder}/none/name`, { mayMove: false })).rejects.toThrow(FileError));
