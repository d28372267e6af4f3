import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FileError } from "../../src/errors.ts";
import { makeFolder } from "../../src/platform/node/files.ts";
import { sweepStaging } from "../../src/platform/node/folders.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lowrank-folders-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const refusal = (path: string): Promise<unknown> => makeFolder(path).catch((error: unknown) => error);

test("folders are made to any depth, once", async () => {
  await makeFolder(`${folder}/a/b/c/`);
  await makeFolder(`${folder}/a/b/c`);
  expect(readdirSync(`${folder}/a/b`)).toEqual(["c"]);
});

test("a folder that is removed is never there in part", async () => {
  const script = `
    import { removeFolderAtomic } from ${JSON.stringify(pathToFileURL("dist/platform/node/folders.js").href)};
    await removeFolderAtomic(${JSON.stringify(`${folder}/checkpoint-2`)});`;
  const killed = (at: number): string[] => {
    mkdirSync(join(folder, "checkpoint-2"), { recursive: true });
    writeFileSync(join(folder, "checkpoint-2/state.json"), "{}");
    const env = {
      ...process.env,
      LOWRANK_KILL_FOLDER: folder,
      LOWRANK_KILL_AT: String(at),
      LOWRANK_KILL_HOW: "before",
    };
    const args = ["--import", "./test/campaigns/kill/hook.mjs", "--input-type=module", "-e", script];
    expect(spawnSync(process.execPath, args, { env }).signal).toBe(at === 0 ? null : "SIGKILL");
    return readdirSync(folder);
  };
  expect(killed(1)).toEqual(["checkpoint-2"]); // before it lost its name
  expect(killed(2)).toEqual([expect.stringMatching(/^checkpoint-2\..*\.incomplete$/)]);
  await sweepStaging(folder);
  expect(readdirSync(folder)).toEqual([]);
  expect(killed(0)).toEqual([]);
});

test("folders are made by many at once", async () => {
  for (let i = 0; i < 50; i++) {
    const paths = ["a/b/c/d", "a/b/c/e", "a/b", "a/b/c/d"].map((path) => `${folder}/${i}/${path}`);
    await Promise.all(paths.map((path) => makeFolder(path)));
    expect(readdirSync(`${folder}/${i}/a/b/c`)).toEqual(["d", "e"]);
  }
});

test("a file in the way is named, wherever in the path it is", async () => {
  writeFileSync(`${folder}/file`, "");
  expect(await refusal(`${folder}/file`)).toMatchObject({
    message: `cannot write ${folder}/file: a file of that name already exists`,
  });
  for (const path of [`${folder}/file/a`, `${folder}/file/a/b`]) {
    expect(await refusal(path)).toMatchObject({
      message: `cannot write ${path}: ${folder}/file is a file, not a folder`,
    });
  }
});

test.runIf(process.platform === "linux")("where the system takes no folders, the path is refused at once", async () => {
  const error = await refusal("/proc/lowrank/out");
  expect(error).toBeInstanceOf(FileError);
  expect((error as Error).message).toBe("cannot write /proc/lowrank: no files can be created in /proc");
});

test("names that are too long or hold a NUL are refused with a typed error", async () => {
  expect(await refusal(`${folder}/${"n".repeat(300)}`)).toMatchObject({
    code: "E_FILE",
    message: expect.stringContaining("longer than the disk allows"),
  });
  expect(await refusal(`${folder}/a\0b`)).toMatchObject({ code: "E_FILE", message: expect.stringContaining("NUL") });
});

test("what a dead process left goes; what users have stays", async () => {
  const id = "123e4567-e89b-42d3-a456-426614174000";
  mkdirSync(`${folder}/checkpoint-1.${id}.incomplete`);
  for (const name of [`config.json.${id}.tmp`, "notes.tmp", "config.json"]) writeFileSync(`${folder}/${name}`, "");
  await sweepStaging(folder);
  expect(readdirSync(folder).sort()).toEqual(["config.json", "notes.tmp"]);
});
