import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { type ProcessEnd, spawnJsonLines } from "../../src/platform/processes.ts";

const folder = mkdtempSync(join(tmpdir(), "lowrank-processes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A module with this source. */
function moduleOf(source: string): URL {
  const path = join(folder, `${Math.random()}.mjs`);
  writeFileSync(path, source);
  return pathToFileURL(path);
}

async function all(lines: AsyncGenerator<object, ProcessEnd, void>) {
  const seen: object[] = [];
  for (;;) {
    const { done, value } = await lines.next();
    if (done) return { seen, end: value };
    seen.push(value);
  }
}

test("yields the objects it prints, other lines left out, and how it ended", async () => {
  const source = 'console.log(JSON.stringify({ args: process.argv.slice(2) })); console.log("prose"); process.exit(3);';
  expect(await all(spawnJsonLines(moduleOf(source), ["--a=b c"]))).toEqual({
    seen: [{ args: ["--a=b c"] }],
    end: { exitCode: 3, signal: null, stderr: "" },
  });
});

test("keeps the end of stderr", async () => {
  const { end } = await all(
    spawnJsonLines(moduleOf('console.error("x".repeat(1e5)); throw new Error("the last word");'), []),
  );
  expect(end.exitCode).toBe(1);
  expect(end.stderr).toContain("the last word");
  expect(end.stderr.length).toBeLessThanOrEqual(4000);
});

test("aborting sends one SIGINT, which the process may answer in its own time", async () => {
  const source = `let heard = 0;
    process.on("SIGINT", () => { heard++; setTimeout(() => { console.log(JSON.stringify({ heard })); process.exit(130); }, 100); });
    setInterval(() => {}, 1000);
    console.log("{}");`;
  const stop = new AbortController();
  const lines = spawnJsonLines(moduleOf(source), [], stop.signal);
  await lines.next();
  stop.abort();
  expect(await all(lines)).toMatchObject({ seen: [{ heard: 1 }], end: { exitCode: 130 } });
});

test("a process nobody listens to any more is ended", async () => {
  const lines = spawnJsonLines(
    moduleOf("console.log(JSON.stringify({ pid: process.pid })); setInterval(() => {}, 1000);"),
    [],
  );
  const { value } = (await lines.next()) as { value: { pid: number } };
  await lines.return({ exitCode: null, signal: null, stderr: "" });
  await expect.poll(() => { try { return process.kill(value.pid, 0); } catch { return false; } }).toBe(false); // biome-ignore format: one thought
});
