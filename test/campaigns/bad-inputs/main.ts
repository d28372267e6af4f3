/**
 * Bad inputs of every format and command through the command line: `npm run test:bad-inputs -- [--only NAME]
 * [--family NAME] [--jobs 1]`. Each must be refused with exit 2 and a sentence that names what is wrong, in two seconds and
 * 200 MB beyond what a harmless command takes, and leave nothing behind.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { tableLines, verdict } from "../report.ts";
import { adapterCases } from "./cases/adapters.ts";
import { commandCases, TRAINED } from "./cases/commands.ts";
import { configCases } from "./cases/configs.ts";
import { dataCases } from "./cases/data.ts";
import { ggufCases } from "./cases/gguf.ts";
import { tokenizerCases } from "./cases/tokenizers.ts";
import { weightCases } from "./cases/weights.ts";
import { complaints, MAX_GROWTH_MB, MAX_SECONDS } from "./judged.ts";
import { type Ran, runLowrank } from "./run-lowrank.ts";
import { type BadInput, workshopIn } from "./workshop.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { only: text, family: text, jobs: text, verbose: { type: "boolean" } } });
const all: readonly BadInput[] = [
  ...[weightCases, ggufCases, configCases, tokenizerCases, adapterCases, dataCases, commandCases].flat(),
];
const chosen = all.filter(
  ({ name, family }) => (!values.only || name.includes(values.only)) && (!values.family || family === values.family),
);
const work = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "lowrank-bad-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));

let made = 0;
const nextFolder = (): string => join(work, String(made++));

/** What commands take that find nothing wrong, a run's first checkpoint among what they leave. */
async function harmless(): Promise<Ran> {
  const shop = workshopIn(nextFolder());
  const recipe = shop.recipe(TRAINED);
  const trained = await runLowrank(["train", recipe], shop.folder);
  if (trained.exit !== 0) throw new Error(`a harmless run fails: ${trained.stderr}`);
  process.env.LOWRANK_CHECKPOINT = shop.at("out/checkpoint-2");
  const looks = [
    await runLowrank(["inspect", recipe], shop.folder),
    await runLowrank(["inspect", recipe], shop.folder),
  ];
  const [first, second] = looks as [Ran, Ran];
  return first.cpuSeconds > second.cpuSeconds ? first : second;
}

const baseline = await harmless();
const results: { readonly input: BadInput; readonly ran: Ran; readonly wrong: readonly string[] }[] = [];
const queue = [...chosen];

async function worker(): Promise<void> {
  for (let input = queue.shift(); input; input = queue.shift()) {
    const [ran, wrong] = await attempt(input);
    results.push({ input, ran, wrong });
    if (wrong.length > 0) console.log(`\n${input.family}: ${input.name}\n  ${wrong.join("\n  ")}`);
    if (values.verbose) console.log(`\n${input.family}: ${input.name}\n${ran.stderr}`);
  }
}

async function attempt(input: BadInput): Promise<[Ran, readonly string[]]> {
  const folder = nextFolder();
  mkdirSync(folder);
  const ran = await runLowrank(input.args(workshopIn(folder)), folder, input.env);
  rmSync(folder, { recursive: true, force: true });
  return [ran, complaints(input, ran, baseline)];
}

await Promise.all(Array.from({ length: Number(values.jobs ?? 1) }, worker));
const families = [...new Set(chosen.map(({ family }) => family))].map((name) => {
  const own = results.filter(({ input }) => input.family === name);
  const most = (of: (ran: Ran) => number): number => Math.max(...own.map(({ ran }) => of(ran)));
  const held = own.filter(({ wrong }) => wrong.length === 0).length;
  const beyond = most(({ peakMb }) => peakMb) - baseline.peakMb;
  return [
    name,
    own.length,
    held,
    own.length - held,
    most(({ cpuSeconds }) => cpuSeconds).toFixed(2),
    Math.round(beyond),
  ];
});
console.log(
  `\nA harmless command takes ${baseline.cpuSeconds.toFixed(2)} s and ${Math.round(baseline.peakMb)} MB; each may take ${MAX_SECONDS} s and ${MAX_GROWTH_MB} MB more.`,
);
const header = ["family", "inputs", "refused", "failed", "slowest (CPU s)", "most memory (MB more)"];
for (const line of tableLines([header, ...families])) console.log(line);
const failed = results.filter(({ wrong }) => wrong.length > 0).length;
console.log(verdict(results.length - failed, failed));
process.exitCode = failed > 0 ? 1 : 0;
