import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));
const HOOK = new URL("hook.mjs", import.meta.url).href;

/** Where and how a command dies or its disk fails; see hook.mjs. */
export interface Fate {
  /** The operation, counted from 1. */
  readonly at: number;
  readonly how: "before" | "after" | "torn" | "ENOSPC" | "ENOSPC+" | "EIO" | "EROFS+";
}

/** How a command ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  /** Checkpoints that the command said it had saved. */
  readonly saved: readonly string[];
}

/** How a training command is run. */
export interface Training {
  readonly recipe: string;
  readonly folder: string;
  readonly resume: boolean;
  readonly fate?: Fate;
  /** Called with the process as soon as it runs. */
  readonly onStart?: (process: ChildProcess) => void;
  /** A file that gets the name of every operation. */
  readonly list?: string;
}

/** Milliseconds after which a command counts as hung. */
const HUNG = 600_000;

/** Runs `lowrank train` as a process of its own, to its end, whichever that is. */
export async function train({ recipe, folder, resume, fate, onStart, list }: Training): Promise<Ended> {
  const flags = ["--output_dir", folder, ...(resume ? ["--resume_from_checkpoint", "true"] : [])];
  const child = spawn(process.execPath, ["--import", HOOK, CLI, "train", recipe, "--json", ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      LOWRANK_KILL_FOLDER: folder,
      ...(fate && { LOWRANK_KILL_AT: String(fate.at), LOWRANK_KILL_HOW: fate.how }),
      ...(list !== undefined && { LOWRANK_KILL_LIST: list }),
    },
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), HUNG);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  onStart?.(child);
  const [exitCode, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  const saved = [...stdout.matchAll(/"event":"save".*?"path":"([^"]+)"/g)].map(([, path]) => path as string);
  return { exitCode, signal, stderr, saved };
}
