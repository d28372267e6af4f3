import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** How a command line ended. */
export interface Ran {
  readonly exit: number | string;
  readonly stderr: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  /** Files and folders that are there now and were not before, or changed; those of `TMPDIR` that are left. */
  readonly left: readonly string[];
}

const ROOT = join(import.meta.dirname, "../../..");
/** A process that takes longer, or more memory, is ended. */
const MAX_WALL_MS = 30_000;
const MAX_RESIDENT_MB = 3_000;

/** Runs the built command line in a process of its own, its temporary folder inside `folder`. */
export async function runLowrank(
  args: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const [temporary, measured] = [join(folder, "tmp"), join(folder, "measured.json")];
  mkdirSync(temporary, { recursive: true });
  const before = listing(folder);
  const begun = performance.now();
  const hook = pathToFileURL(join(import.meta.dirname, "measure.mjs")).href;
  const child = spawn(process.execPath, ["--import", hook, join(ROOT, "dist/cli/main.js"), ...args.map(withoutNul)], {
    cwd: folder,
    env: {
      ...process.env,
      HF_HUB_OFFLINE: "1",
      HF_HOME: join(folder, "hub"),
      TMPDIR: temporary,
      LOWRANK_MEASURE: measured,
      NO_COLOR: "1",
      ...env,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let [stderr, residentMb, ended] = ["", 0, ""];
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(0, 20_000);
  });
  const watch = setInterval(() => {
    residentMb = Math.max(residentMb, residentOf(child.pid ?? 0));
    if (performance.now() - begun > MAX_WALL_MS) ended = "it hangs";
    if (residentMb > MAX_RESIDENT_MB) ended = `it takes over ${MAX_RESIDENT_MB} MB`;
    if (ended !== "") child.kill("SIGKILL");
  }, 25);
  const exit = await new Promise<number | string>((resolve) =>
    child.on("close", (code, signal) => resolve(code ?? signal ?? "")),
  );
  clearInterval(watch);
  const seconds = (performance.now() - begun) / 1000;
  const { peakMb = 0, cpuSeconds = seconds } = existsSync(measured) ? JSON.parse(readFileSync(measured, "utf8")) : {};
  const left = [...listing(folder)].filter(([path, state]) => before.get(path) !== state && path !== "measured.json");
  return {
    ...{ exit: ended || exit, stderr, seconds, cpuSeconds, peakMb: Math.max(peakMb, residentMb) },
    left: left.map(([path]) => path),
  };
}

/** Arguments cannot hold it; recipes can. */
const withoutNul = (arg: string): string => arg.replaceAll("\0", "");

function residentOf(pid: number): number {
  try {
    const [, kilobytes = 0] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return (Number(kilobytes) * 1024) / 1e6;
  } catch {
    return 0; // it is gone, or there is no /proc
  }
}

/** Left by the engine's own library in `TMPDIR`, empty or nearly so, once a session was opened. */
const OF_THE_ENGINE = /^tmp\/(\.ses|mat-debug-\d+\.log)$/;

/** What lies in a folder: sizes and times by path. Temporary files count once they are left. */
function listing(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (OF_THE_ENGINE.test(path)) continue;
    const at = statSync(join(folder, path), { throwIfNoEntry: false });
    if (at && !at.isDirectory()) found.set(path, `${at.size} ${at.mtimeMs}`);
    else if (at && path !== "tmp") found.set(path, "a folder");
  }
  return found;
}
