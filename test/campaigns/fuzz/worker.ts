/** Reads mutated inputs, one after the other. Its parent watches it, and starts another after the input that ends it. */
import "./sync-files.ts"; // before all that reads files
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Random } from "../../../src/random.ts";
import type { Format, Seed } from "./format.ts";
import { FORMATS } from "./formats/index.ts";
import { described, type Finding, type Judged, judge } from "./judged.ts";
import { noCounts, type Progress, writeProgress } from "./progress.ts";

/** Where a worker begins in a format. */
export interface Start {
  readonly index: number;
  readonly seconds: number;
  /** The first input ended a worker that read it in its own process. */
  readonly apart?: boolean;
}

/** What a worker is to do; an argument of its command line, as JSON. */
export interface Task {
  readonly formats: readonly string[];
  readonly seed: number;
  /** Where to begin in the first format, and how long that format took already. */
  readonly from: Start;
  /** Most of a format, and the seconds that one may take. */
  readonly mutations: number;
  readonly secondsEach: number;
  /** Folder for the inputs. */
  readonly work: string;
  /** File that progress is left in. */
  readonly progress: string;
}

/** Sent to the parent. */
export type Report = { readonly finding: Finding } | { readonly done: Progress };

/** A worker whose memory grew past this begins anew: its peak would hide later ones. */
const TIRED_MB = 800;
/** Exit status that asks for a fresh worker. */
export const TIRED = 75;

const task = JSON.parse(process.argv[2] ?? "") as Task;
const descriptor = openSync(task.progress, "w");
const send = (report: Report): void => void process.send?.(report);
let current = { format: "", index: -1, input: "the seeds" };
/** What nobody handled since the last read ended. */
let unhandled: Judged["wrong"];
const find = (wrong: Pick<Finding, "kind" | "what">): void => send({ finding: { ...current, ...wrong } });
for (const event of ["unhandledRejection", "uncaughtException"] as const) {
  process.on(event, (error: unknown) => {
    unhandled ??= { kind: "unhandled", what: `${event}, ${described(error)}` };
  });
}

try {
  for (const [at, name] of task.formats.entries()) {
    const progress: Progress = { format: at, index: -1, ...noCounts() };
    await campaign(FORMATS[name] as Format, at === 0 ? task.from : { index: 0, seconds: 0 }, progress);
    send({ done: progress });
  }
} catch (error) {
  console.error(error); // of the campaign itself: what a read throws is judged
  process.exit(1);
}
process.disconnect?.();

async function campaign(format: Format, from: Start, progress: Progress): Promise<void> {
  const folder = join(task.work, format.name);
  writeProgress(descriptor, progress);
  current = { format: format.name, index: -1, input: "a seed as it is" };
  mkdirSync(join(folder, "scratch"), { recursive: true });
  const seeds = written(await format.seeds(join(folder, "scratch")), folder);
  for (const seed of seeds)
    for (const file of seed.mutated) note(await judged(() => format.read(seed.folder, file)), true);

  const begun = performance.now();
  for (let index = from.index; index < task.mutations; index++) {
    progress.seconds = (performance.now() - begun) / 1000;
    progress.index = index;
    if (from.seconds + progress.seconds > task.secondsEach) return;
    writeProgress(descriptor, progress);
    const random = Random.seed(task.seed).stream(`${format.name}:${index}`);
    const seed = seeds[random.int(seeds.length)] as Written;
    const file = seed.mutated[random.int(seed.mutated.length)] as string;
    const { bytes, changes } = format.mutate(seed.files[file] as Uint8Array, random, file);
    current = { format: format.name, index, input: `${seed.name}/${file}: ${changes}` };
    writeFileSync(join(seed.folder, file), bytes);
    const outcome = await judgedAsOne(format, seed.folder, file, from.apart === true && index === from.index);
    writeFileSync(join(seed.folder, file), seed.files[file] as Uint8Array);
    progress.mutations++;
    progress[outcome.refusal === undefined ? "accepted" : "refused"]++;
    progress.slowestMs = Math.max(progress.slowestMs, outcome.ms);
    progress.peakGrowthMb = Math.max(progress.peakGrowthMb, outcome.growthMb);
    note(outcome, false);
    if (outcome.growthMb > 0 && process.resourceUsage().maxRSS > TIRED_MB * 1e3) {
      writeProgress(descriptor, { ...progress, index: index + 1 });
      process.exit(TIRED);
    }
  }
}

function note({ wrong, refusal }: Judged, isSeed: boolean): void {
  if (wrong) find(wrong);
  else if (isSeed && refusal !== undefined)
    find({ kind: "error", what: `a valid seed is refused: ${described(refusal)}` });
}

/** Reads, and waits for what nobody handles of it. */
async function judged(read: () => Promise<unknown>): Promise<Judged> {
  const outcome = await judge(read);
  await setImmediate();
  const wrong = outcome.wrong ?? unhandled;
  unhandled = undefined;
  return { ...outcome, ...(wrong && { wrong }) };
}

/** The outcome that counts for the library: in a process of its own where the first way does badly. */
async function judgedAsOne(format: Format, folder: string, file: string, apart: boolean): Promise<Judged> {
  const outcome = apart ? undefined : await judged(() => format.read(folder, file));
  if (outcome && !(outcome.wrong && format.readApart)) return outcome;
  return judged(() => (format.readApart ?? format.read)(folder, file));
}

type Written = Seed & { readonly folder: string };

function written(seeds: readonly Seed[], folder: string): Written[] {
  return seeds.map((seed, i) => {
    const own = join(folder, String(i));
    mkdirSync(own, { recursive: true });
    for (const [name, bytes] of Object.entries(seed.files)) writeFileSync(join(own, name), bytes);
    return { ...seed, folder: own };
  });
}
