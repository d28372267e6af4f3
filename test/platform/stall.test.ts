import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const stall = join(import.meta.dirname, "../../src/platform/node/stall.ts");

/** Runs a module whose `watch` allows half a second of the processor. */
function watched(source: string) {
  const module = `import { watchStalls } from ${JSON.stringify(stall)};
    const watch = watchStalls({ kind: "stalled" }, 0.5);
    const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };
    const busy = (seconds) => { for (const end = used() + seconds; used() < end;); };
    ${source}`;
  const args = ["--import", "tsx", "--input-type=module", "-e", module];
  const { stdout, signal } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
  return { lines: stdout.split("\n").filter((line) => line !== ""), signal };
}
const stalled = { lines: ['{"kind":"stalled"}'], signal: "SIGKILL" };
const ended = { lines: ["done"], signal: null };

test.each<[name: string, source: string, object]>([
  ["that loops says so and is killed", "for (;;);", stalled],
  ["that loops after progress, too", "busy(0.2); watch.progressed(); for (;;);", stalled],
  ["that gets on may take longer", "for (let i = 0; i < 6; i++) { busy(0.2); watch.progressed(); } console.log('done');", ended],
  ["that was allowed more takes more", "watch.allow(60); busy(1); console.log('done');", ended],
  ["that waits is let wait", "setTimeout(() => console.log('done'), 1500);", ended],
])("a process %s", (_, source, expected) => expect(watched(source)).toEqual(expected)); // biome-ignore format: a table
