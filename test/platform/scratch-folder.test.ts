import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openScratchFolder } from "#platform";
import { temporaryFolder } from "../formats/temporary.ts";

const TMPDIR = await temporaryFolder();

test("a scratch folder is removed with its files, and each has its own", async () => {
  const [one, two] = [await openScratchFolder(), await openScratchFolder()];
  expect(one.path).not.toBe(two.path);
  await writeFile(`${one.path}/file`, "content");
  await one.remove();
  await one.remove();
  expect([existsSync(one.path), existsSync(two.path)]).toEqual([false, true]);
  await two.remove();
  expect(existsSync(two.path)).toBe(false);
});

test("one that was not removed goes with its process", () => {
  const platform = JSON.stringify(join(import.meta.dirname, "../../dist/platform/node/index.js"));
  const script = `const { openScratchFolder } = await import(${platform}); console.log((await openScratchFolder()).path); process.exit(0);`;
  const ran = spawnSync(process.execPath, ["--input-type=module", "-e", script], { env: { ...process.env, TMPDIR } });
  expect(String(ran.stdout)).toContain(TMPDIR);
  expect(readdirSync(TMPDIR)).toEqual([]);
});
