import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import type { ProcessEnd } from "../../src/platform/contract.ts";
import { spawnJsonLines } from "../../src/platform/node/processes.ts";

const folder = mkdtempSync(join(tmpdir(), "lowrank-processes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A module with this source. */
function moduleOf(source: string): URL {
  const path = join(folder, `${Math.random()}.mjs`);
  writeFileSync(path, source);
  return pathToFileURL(path);
}

/** Whether there is a process of this number. */
const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

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
  await expect.poll(() => lives(value.pid)).toBe(false);
});

test.each([
  ["waits", "setInterval(() => {}, 1000);"],
  ["loops without end", "for (;;);"],
  ["loops in a thread, too", 'new Worker("for (;;);", { eval: true }); for (;;);'],
])("a process that %s ends when its parent is killed with SIGKILL", async (_, source) => {
  const child = moduleOf(
    `import { Worker } from "node:worker_threads"; console.log(JSON.stringify({ pid: process.pid })); ${source}`,
  );
  const processes = join(import.meta.dirname, "../../src/platform/node/processes.ts");
  const parent = join(folder, "parent.mts");
  writeFileSync(
    parent,
    `import { spawnJsonLines } from ${JSON.stringify(processes)};
     for await (const line of spawnJsonLines(new URL(${JSON.stringify(child.href)}), [])) console.log(line.pid);`,
  );
  const started = spawn(process.execPath, ["--import", "tsx", parent], { stdio: ["ignore", "pipe", "inherit"] });
  const pid = await new Promise<number>((resolve) => started.stdout.on("data", (text) => resolve(Number(text))));
  expect(lives(pid)).toBe(true);
  started.kill("SIGKILL");
  try {
    await expect.poll(() => lives(pid), { timeout: 5000 }).toBe(false);
  } finally {
    if (lives(pid)) process.kill(pid, "SIGKILL");
  }
});

test("the watch over the parent keeps no process from ending", async () => {
  const started = performance.now();
  expect(await all(spawnJsonLines(moduleOf("console.log('{}');"), []))).toMatchObject({ end: { exitCode: 0 } });
  expect(performance.now() - started).toBeLessThan(5000);
});
