/**
 * Mutated inputs of every format, read by the library: `npm run test:fuzz -- [--seconds 60] [--mutations N] [--seed 0]
 * [--format NAME]… [--index N] [--keep DIR]`. Each must be read or refused with a typed error, within two seconds and
 * 200 MB. Seconds are for all formats together; `--mutations` is for each, and without `--seconds` takes as long as it
 * takes. `--index` reads one input again; `--keep` leaves the inputs of findings in a folder.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { tableLines, verdict } from "../report.ts";
import { bundle } from "./bundle.ts";
import { FORMATS } from "./formats/index.ts";
import type { Finding } from "./judged.ts";
import { type Counts, noCounts, sum } from "./progress.ts";
import { watched } from "./watched.ts";
import type { Start, Task } from "./worker.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: { seconds: text, mutations: text, seed: text, index: text, keep: text, format: { ...text, multiple: true } },
});
const formats = values.format ?? Object.keys(FORMATS);
const strange = formats.find((name) => !Object.hasOwn(FORMATS, name));
if (strange !== undefined) throw new Error(`no format ${strange}: one of ${Object.keys(FORMATS).join(", ")}`);
const only = values.index === undefined ? undefined : Number(values.index);
const seed = Number(values.seed ?? 0);
const mutations = only === undefined ? Number(values.mutations ?? 1e9) : only + 1;
const unlimited = values.seconds === undefined && (values.mutations !== undefined || only !== undefined);
const secondsEach = unlimited ? 1e9 : Number(values.seconds ?? 60) / formats.length;

/** Inputs that end a worker, after which a format is given up: each costs seconds. */
const MAX_ENDED = 40;
const work = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "lowrank-fuzz-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
const worker = await bundle(join(import.meta.dirname, "worker.ts"), work);

const counts = new Map(formats.map((name) => [name, noCounts()]));
const findings: Finding[] = [];
const add = (name: string, more: Counts): void => void counts.set(name, sum(counts.get(name) ?? noCounts(), more));

function note(finding: Finding): void {
  findings.push(finding);
  if (values.keep === undefined) return;
  const folder = join(values.keep, `${finding.format}-${seed}-${finding.index}`);
  mkdirSync(folder, { recursive: true });
  cpSync(join(work, finding.format), folder, { recursive: true });
}

let ended = 0;
let from: Start = { index: only ?? 0, seconds: 0 };
for (let at = 0; at < formats.length; ) {
  const left = formats.slice(at);
  const limits = { seed, mutations, secondsEach, work, progress: join(work, "progress") };
  const task: Task = { formats: left, from, ...limits };
  const { why, progress, tired } = await watched(worker, task, (report) => {
    if ("finding" in report) note(report.finding);
    else add(left[report.done.format] as string, report.done);
  });
  if (!why && !tired) break;
  const name = left[progress?.format ?? 0] as string;
  const index = progress?.index ?? -1;
  if (progress) add(name, progress);
  const sameFormat = progress?.format === 0;
  const wasApart = sameFormat && from.apart && from.index === index;
  const apart = why !== undefined && index >= 0 && FORMATS[name]?.readApart !== undefined && !wasApart;
  if (why && !apart) {
    note({ format: name, index, ...why, input: index < 0 ? "the seeds" : `--index ${index} makes it again` });
    ended = sameFormat ? ended + 1 : 1;
  }
  const done = index < 0 || ended >= MAX_ENDED;
  at += (progress?.format ?? 0) + (done ? 1 : 0);
  const seconds = (sameFormat ? from.seconds : 0) + (progress?.seconds ?? 0);
  from = done ? { index: 0, seconds: 0 } : { index: tired || apart ? index : index + 1, seconds, apart };
  if (done) ended = 0;
}

const header = ["format", "mutations", "accepted", "refused", "findings", "mutations/s", "slowest (ms)", "growth (MB)"];
const rows = formats.map((name) => {
  const { mutations, accepted, refused, seconds, slowestMs, peakGrowthMb } = counts.get(name) as Counts;
  const found = findings.filter(({ format }) => format === name).length;
  const rate = Math.round(mutations / Math.max(seconds, 0.001));
  return [name, mutations, accepted, refused, found, rate, Math.round(slowestMs), Math.round(peakGrowthMb)];
});
for (const line of tableLines([header, ...rows])) console.log(line);

const kinds = new Map<string, Finding[]>();
for (const finding of findings) {
  const cause = `${finding.format}: ${finding.kind}: ${finding.what}`;
  kinds.set(cause, [...(kinds.get(cause) ?? []), finding]);
}
for (const [what, alike] of [...kinds].sort(([, a], [, b]) => b.length - a.length)) {
  console.log(`\n${what}\n  ${alike.length} times, first --format ${alike[0]?.format} --index ${alike[0]?.index}`);
  console.log(`  ${alike[0]?.input.slice(0, 400)}`);
}
const bad = new Set(findings.map(({ format }) => format)).size;
console.log(verdict(formats.length - bad, bad));
process.exitCode = bad > 0 ? 1 : 0;
