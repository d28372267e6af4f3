import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FileError } from "../../../src/errors.ts";
import { resolveModelFolder } from "../../../src/formats/hub/resolve.ts";
import { COMMIT, playedHub, sha256 } from "./played-hub.ts";

const disk = vi.hoisted(() => ({ refuses: undefined as { call: string; code: string } | undefined }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const refusing = <F extends (...given: never[]) => unknown>(call: string, act: F) =>
    ((...given: Parameters<F>) =>
      disk.refuses?.call === call
        ? Promise.reject(Object.assign(new Error("no"), { code: disk.refuses.code, syscall: call }))
        : act(...given)) as F;
  return { ...real, writeFile: refusing("write", real.writeFile), mkdir: refusing("mkdir", real.mkdir) };
});

const hub = playedHub();
const weights = Buffer.alloc(300_000, 7);
const files = { "config.json": "{}", "model.safetensors": weights };
let home = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "hub-disk-"));
  for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN"]) vi.stubEnv(name, ""); // biome-ignore format: a list
  vi.stubEnv("HF_HOME", home);
  vi.stubEnv("HF_ENDPOINT", hub.url);
});
afterEach(async () => {
  disk.refuses = undefined;
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

test.each([
  ["write", "ENOSPC", /cannot write .*the disk is full/],
  ["write", "EIO", /cannot write/],
  ["mkdir", "EROFS", /cannot write .*the disk is read-only/],
  ["mkdir", "EACCES", /cannot write .*permission denied/],
])("%s fails with %s: nothing is left that looks complete, and a later download is whole", async (call, code, says) => {
  hub.models.set("org/tiny", { files });
  disk.refuses = { call, code };
  const error = await resolveModelFolder("org/tiny").catch((reason) => reason);
  expect(error).toBeInstanceOf(FileError);
  expect(error.message).toMatch(says);
  const left = await readdir(home, { recursive: true, withFileTypes: true });
  expect(left.filter((entry) => !entry.isDirectory())).toEqual([]);
  disk.refuses = undefined;
  expect(await readFile(`${await resolveModelFolder("org/tiny")}/model.safetensors`)).toEqual(weights);
  disk.refuses = { call, code };
  await resolveModelFolder("org/tiny"); // a cache that is whole needs no writing
});

test("processes that download the same at once, one of which is killed", async () => {
  const waiting: (() => void)[] = [];
  let asked: () => void = () => {};
  const three = new Promise<void>((resolve) => {
    asked = resolve;
  });
  hub.models.set("org/tiny", {
    files,
    instead: ({ url }, response) => {
      if (url !== `/${sha256(weights)}`) return false;
      response.writeHead(200).write(weights.subarray(0, 1000));
      waiting.push(() => response.end(weights.subarray(1000)));
      if (waiting.length === 3) asked();
      return true;
    },
  });
  const script = `import { downloadModel } from ${JSON.stringify(join(import.meta.dirname, "../../../dist/index.js"))}; console.log(await downloadModel("org/tiny"));`;
  const children = [1, 2, 3].map(() =>
    spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "pipe" }),
  );
  const ends = children.map((child) => once(child, "exit"));
  await three;
  children[0]!.kill("SIGKILL");
  await ends[0];
  for (const go of waiting) go();
  expect((await Promise.all(ends)).map(([code]) => code)).toEqual([null, 0, 0]);
  const root = `${home}/hub/models--org--tiny`;
  expect(await readFile(`${root}/snapshots/${COMMIT}/model.safetensors`)).toEqual(weights);
  const left = (await readdir(`${root}/blobs`)).filter((name) => name.endsWith(".incomplete"));
  expect(left.length).toBeLessThanOrEqual(1); // of the killed one, until the next download an hour later
}, 60_000);
