import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Failure } from "./chains.ts";
import { type Ended, type Fate, train } from "./command.ts";
import { difference, hasCheckpoint } from "./state.ts";

/** What every fault works with. */
export interface FaultOptions {
  readonly recipe: string;
  readonly work: string;
  readonly reference: ReadonlyMap<string, string>;
  readonly operations: number;
}

/** How a kind of fault went. */
export interface FaultGroup {
  readonly name: string;
  readonly times: number;
  readonly equal: number;
  readonly failures: readonly Failure[];
}

/** A first run that goes wrong, and what its exit must be; a second one has to mend it. */
interface Fault {
  readonly told: string;
  run(folder: string): Promise<Ended>;
  readonly exits: readonly (number | null)[];
}

/** Disks that are full, broken or read-only at one operation or from one on; every `stride`-th is tried. */
export function diskFaults(options: FaultOptions, stride: number): Promise<FaultGroup> {
  const hows: Fate["how"][] = ["ENOSPC", "ENOSPC+", "EIO", "EROFS+"];
  const faults = Array.from({ length: Math.ceil(options.operations / stride) }, (_, i): Fault => {
    const fate = { at: 1 + i * stride, how: hows[i % hows.length] as Fate["how"] };
    return {
      told: `${fate.how} at operation ${fate.at}`,
      run: (folder) => train({ ...options, folder, resume: false, fate }),
      exits: [0, 1, 2], // 0: of what is only tidied up, nothing is lost; 2: before the run began
    };
  });
  return tried("a disk that is full, broken or read-only", options, faults);
}

/** Output folders that vanish, or are a file, or hold a checkpoint that is none. */
export function folderFaults(options: FaultOptions): Promise<FaultGroup> {
  const after = (milliseconds: number, act: (folder: string) => void) => (folder: string) =>
    train({ ...options, folder, resume: false, onStart: () => void setTimeout(() => act(folder), milliseconds) });
  // Renamed first, since the run goes on writing: a folder that fills while it is emptied cannot be removed.
  const remove = (folder: string): void => {
    const aside = `${folder}-deleted`;
    if (existsSync(folder)) renameSync(folder, aside);
    rmSync(aside, { recursive: true, force: true });
  };
  const faults = [900, 1200, 1500, 1800].map((ms) => ({
    told: `the folder is deleted after ${ms} ms`,
    run: after(ms, remove),
    exits: [0, 1, 2],
  }));
  const empty: Fault = {
    told: "a folder checkpoint-99 without anything",
    run: after(0, (folder) => mkdirSync(join(folder, "checkpoint-99"), { recursive: true })),
    exits: [0],
  };
  return tried("an output folder that vanishes or holds a husk", options, [...faults, empty]);
}

/** Signals that ask a run to end: it saves a checkpoint and exits with 128 and the signal's number. */
export function signals(options: FaultOptions): Promise<FaultGroup> {
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  const faults = Object.entries(codes).flatMap(([signal, code]) =>
    [1, 3].map(
      (saves): Fault => ({
        told: `${signal} after ${saves} saves`,
        exits: [code, 0],
        run: (folder) =>
          train({
            ...{ ...options, folder, resume: false },
            onStart(child) {
              let left = saves;
              child.stdout?.on("data", (text: string) => {
                const before = left;
                left -= text.split('"event":"save"').length - 1;
                if (before > 0 && left <= 0) child.kill(signal as NodeJS.Signals); // once: a second one quits at once
              });
            },
          }),
      }),
    ),
  );
  return tried("SIGINT, SIGTERM, SIGHUP", options, faults);
}

async function tried(name: string, options: FaultOptions, faults: readonly Fault[]): Promise<FaultGroup> {
  const failures: Failure[] = [];
  for (const [i, { told, run, exits }] of faults.entries()) {
    const folder = join(options.work, `fault-${i}`);
    const ended = await run(folder);
    const problem = exits.includes(ended.exitCode) ? await mended(folder, options) : exitProblem(ended);
    if (problem !== undefined) failures.push({ what: problem, chain: told });
    rmSync(folder, { recursive: true, force: true });
  }
  return { name, times: faults.length, equal: faults.length - failures.length, failures };
}

async function mended(folder: string, { recipe, reference }: FaultOptions): Promise<string | undefined> {
  rmSync(join(folder, "checkpoint-99"), { recursive: true, force: true });
  const resume = hasCheckpoint(folder);
  if (!existsSync(folder) || !resume) rmSync(folder, { recursive: true, force: true });
  const ended = await train({ recipe, folder, resume });
  return ended.exitCode === 0 ? difference(folder, reference) : exitProblem(ended);
}

const exitProblem = ({ exitCode, signal, stderr }: Ended): string =>
  `exit ${exitCode} ${signal ?? ""}: ${stderr.slice(-600)}`;
