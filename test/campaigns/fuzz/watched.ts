import { type ChildProcess, fork } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { FORMATS } from "./formats/index.ts";
import { MAX_GROWTH_MB, MAX_SECONDS } from "./judged.ts";
import { type Progress, readProgress } from "./progress.ts";
import type { Report, Task } from "./worker.ts";

/** How a worker ended. */
export interface Ended {
  /** `undefined` when it had done all, or asked for a successor. */
  readonly why?: { readonly kind: "hang" | "growth" | "death"; readonly what: string };
  readonly progress: Progress | undefined;
  readonly tired: boolean;
}

const LOOK_MS = 100;
/** Processor time of an input that is read again in a process of its own when this one takes too long. */
const HASTY_SECONDS = 0.3;
/** A worker that waits for something that never comes uses no processor; one that is slow may be waiting for its turn. */
const MAX_WALL_SECONDS = 60;
/** Seeds may take this long: some are trained. */
const MAX_SEED_SECONDS = 120;
/** Ends a read that would take the machine's memory. */
const MAX_RESIDENT_MB = 3_000;
const TICKS = 100; // a second, as Linux counts for programs
const TIRED = 75;

/**
 * Starts a worker, passes its reports on, and ends it when an input hangs it or takes too much memory.
 * @param worker Path of its bundle.
 */
export async function watched(worker: string, task: Task, report: (report: Report) => void): Promise<Ended> {
  rmSync(task.progress, { force: true });
  const child = fork(worker, [JSON.stringify(task)], {
    execArgv: ["--enable-source-maps", "--max-old-space-size=2048"],
    env: { ...process.env, HF_HUB_OFFLINE: "1", TMPDIR: task.work },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  child.on("message", (message) => report(message as Report));
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-4_000);
  });
  const exit = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal })),
  );
  const over = { is: false };
  void exit.then(() => {
    over.is = true;
  });
  const why = await watch(child, task, over);
  const { code, signal } = await exit;
  const progress = readProgress(task.progress);
  if (why || code === 0 || code === TIRED) return { ...(why && { why }), progress, tired: code === TIRED };
  const last = /^.*(?:FATAL|Error|terminate|what\(\)).*$/m.exec(stderr)?.[0] ?? stderr.trim().split("\n").at(-1) ?? "";
  return { why: { kind: "death", what: `${signal ?? `exit ${code}`}: ${last.slice(0, 200)}` }, progress, tired: false };
}

async function watch(child: ChildProcess, task: Task, over: { readonly is: boolean }): Promise<Ended["why"]> {
  let [at, since, cpu] = ["", performance.now(), 0];
  while (!over.is) {
    await sleep(LOOK_MS);
    const usage = usageOf(child.pid ?? 0);
    if (!usage) continue;
    const { format, index } = readProgress(task.progress) ?? { format: -1, index: -1 };
    if (at !== `${format}:${index}`) [at, since, cpu] = [`${format}:${index}`, performance.now(), usage.cpuSeconds];
    const wall = (performance.now() - since) / 1000;
    const busy = usage.cpuSeconds - cpu;
    const again = format === 0 && task.from.apart && index === task.from.index;
    const hasty = !again && FORMATS[task.formats[format] ?? ""]?.readApart !== undefined;
    const most = hasty ? HASTY_SECONDS : MAX_SECONDS + 0.5;
    const hangs = index < 0 ? wall > MAX_SEED_SECONDS : busy > most || wall > MAX_WALL_SECONDS;
    if (!hangs && usage.residentMb < MAX_RESIDENT_MB) continue;
    child.kill("SIGKILL");
    if (!hangs) return { kind: "growth", what: `over ${MAX_GROWTH_MB} MB: ${MAX_RESIDENT_MB} MB, still growing` };
    return { kind: "hang", what: wall > MAX_WALL_SECONDS ? "waits for ever" : `over ${MAX_SECONDS} s, still running` };
  }
  return undefined;
}

/** Processor time and resident memory of a process; `undefined` once it is gone, and where there is no /proc. */
function usageOf(pid: number): { readonly cpuSeconds: number; readonly residentMb: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
      residentMb: (Number(fields[21]) * 4096) / 1e6,
    };
  } catch {
    return undefined;
  }
}
