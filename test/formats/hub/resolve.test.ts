import { mkdir } from "node:fs/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CheckpointError, FileError } from "../../../src/errors.ts";
import { resolveModelFolder } from "../../../src/formats/hub/resolve.ts";
import { temporaryFolder } from "../files.ts";

const root = temporaryFolder();
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

beforeEach(async () => {
  const model = "hub/models--org--tiny";
  await mkdir(`${root.path}/${model}/refs/pr`, { recursive: true });
  await mkdir(`${root.path}/${model}/snapshots/${COMMIT}`, { recursive: true });
  for (const ref of ["main", "pr/1"]) await root.put(`${model}/refs/${ref}`, COMMIT);
  await root.put(`${model}/refs/gone`, COMMIT.replace("0", "f"));
  await root.put(`${model}/refs/astray`, "../snapshots");
  await root.put("weights.bin", "");
  vi.stubEnv("HF_HUB_CACHE", "");
  vi.stubEnv("HUGGINGFACE_HUB_CACHE", "");
  vi.stubEnv("HF_HOME", root.path);
});
afterEach(() => vi.unstubAllEnvs());

test("a folder is itself", async () => expect(await resolveModelFolder(root.path)).toBe(root.path));

test("a Hub id is its snapshot in the cache, by branch, reference or commit", async () => {
  const snapshot = `${root.path}/hub/models--org--tiny/snapshots/${COMMIT}`;
  for (const revision of [undefined, "main", "pr/1", COMMIT]) {
    expect(await resolveModelFolder("org/tiny", revision)).toBe(snapshot);
  }
});

test.each([
  ["org/other", "main"],
  ["org/tiny", "v2"],
  ["org/tiny", "gone"],
  ["org/tiny", "../refs/main"],
  ["org/tiny", "astray"],
  ["other", "main"],
])(
  "%s at %s is not in the cache: says where it looked and, offline, that nothing is downloaded",
  async (id, revision) => {
    const refused = resolveModelFolder(id, revision);
    await expect(refused).rejects.toThrow(CheckpointError);
    await expect(refused).rejects.toThrow(
      `model ${id} (revision ${revision}) is neither a folder nor in the local cache`,
    );
    await expect(refused).rejects.toThrow(
      new RegExp(`at: ${root.path}/hub\n.*expected: a local folder, .*HF_HUB_OFFLINE prevents.*\n.*hf download ${id}`),
    );
  },
);

test.each(["./models/tiny", "/no/such/model", "../tiny", "a/b/c", "src/chekpoint"])(
  "%s is a path, and missing",
  (path) => expect(resolveModelFolder(path)).rejects.toThrow(FileError),
);

test("a file is not a model folder", () =>
  expect(resolveModelFolder(`${root.path}/weights.bin`)).rejects.toThrow(
    /weights\.bin is a file\n {2}expected: a folder with config/,
  ));
