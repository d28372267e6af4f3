/**
 * Kills training runs and resumes them: `npm run test:kill -- [--kills 1000] [--seconds N] [--seed 0] [--jobs 2]`. A kill falls before,
 * after or in the middle of any operation of a save, or at a random moment; bad disks, signals and vanished folders come
 * after. Every chain of kills must go on from a whole checkpoint and end with the bytes of a run that was never killed.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Random } from "../../../src/random.ts";
import { tableLines, verdict } from "../report.ts";
import { Chains, type Failure } from "./chains.ts";
import { train } from "./command.ts";
import { diskFaults, folderFaults, signals } from "./faults.ts";
import { stateOf } from "./state.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string" },
    seconds: { type: "string" },
    seed: { type: "string" },
    jobs: { type: "string" },
  },
});
const kills = Number(values.kills ?? 1000);
const seconds = Number(values.seconds ?? 1e9);
const jobs = Number(values.jobs ?? 2);
const random = Random.seed(Number(values.seed ?? 0));

const fixtures = fileURLToPath(new URL("../../parity/fixtures/", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "lowrank-kill-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));

mkdirSync(join(work, "data"));
for (const [split, file] of [
  ["train", "train"],
  ["dev", "test"],
  ["test", "test"],
]) {
  cpSync(join(fixtures, "data", `${file}.jsonl`), join(work, "data", `${split}.jsonl`));
}
const recipe = join(work, "recipe.yaml");
const STEPS = 24;
writeFileSync(
  recipe,
  `model_name_or_path: ${join(fixtures, "bert")}
dataset_name: ${join(work, "data")}
task_type: SEQ_CLS
method: lora
lora_r: 2
max_steps: ${STEPS}
per_device_train_batch_size: 2
learning_rate: 0.02
eval_strategy: steps
eval_steps: 4
save_strategy: steps
save_steps: 1
save_total_limit: 2
load_best_model_at_end: true
logging_steps: 3
`,
);

const whole = join(work, "never-killed");
const list = join(work, "operations");
const first = await train({ recipe, folder: whole, resume: false, list });
if (first.exitCode !== 0) throw new Error(`the run that is not killed ends with ${first.exitCode}:\n${first.stderr}`);
const reference = stateOf(whole);
const operations = readFileSync(list, "utf8").trim().split("\n");
const started = performance.now();
const failures: Failure[] = [];

/** Operations up to the end of the second save, and those after the last step: by then all kinds have come. */
const untilSaved = operations.findIndex((name) => name.includes("checkpoint-3")) + 1;
const chains = new Chains({ recipe, work, reference, random, operations: untilSaved, steps: STEPS });
await Promise.all(Array.from({ length: jobs }, () => chains.run(kills, started + 1000 * seconds)));
failures.push(...chains.failures);

const setting = { recipe, work, reference, operations: untilSaved };
const groups = [
  { name: "kills at an operation of a save", ...chains.counted("operation") },
  { name: "kills at a random moment", ...chains.counted("moment") },
  await diskFaults(setting, kills >= 1000 ? 3 : 12),
  await folderFaults(setting),
  await signals(setting),
];
failures.push(...groups.flatMap((group) => ("failures" in group ? group.failures : [])));

const header = ["bad day", "times", "whole and bit-equal"];
for (const line of tableLines([header, ...groups.map(({ name, times, equal }) => [name, times, equal])]))
  console.log(line);
const { chainCount, resumed, afresh } = chains.summary();
console.log(`${chainCount} chains; ${resumed} runs resumed, ${afresh} began anew since nothing had been saved yet;`);
console.log(`${operations.length} operations in a run; ${Math.round((performance.now() - started) / 1000)} s`);
for (const { what, chain } of failures.slice(0, 20)) console.log(`\n${what}\n  ${chain}`);
const times = groups.reduce((n, group) => n + group.times, 0);
const equal = groups.reduce((n, group) => n + group.equal, 0);
console.log(verdict(equal, times - equal));
process.exitCode = equal === times && failures.length === 0 ? 0 : 1;
