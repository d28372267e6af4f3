import { exists, isFolder, listFolder, readText } from "#platform";
import { CheckpointError } from "../../errors.ts";
import { readJsonObject } from "../../formats/json/json.ts";
import type { ResolvedRecipe } from "../../recipe/resolve.ts";
import { VERSION } from "../../version.ts";
import { type Differences, differences, type RunFacts } from "./facts.ts";
import { MANIFEST, type Manifest, readManifest, verifyFolder } from "./manifest.ts";

/** The name of a checkpoint's state file. */
export const STATE = "trainer_state.json";

/** A checkpoint that a run may go on from. */
export interface ResumableCheckpoint {
  readonly folder: string;
  readonly step: number;
  /** Messages for the user: checkpoints that were passed over, settings that differ from the run that wrote this one. */
  readonly warnings: readonly string[];
}

/** Step numbers of the checkpoint folders in a folder, whole or not, ascending. */
export async function checkpointSteps(folder: string): Promise<number[]> {
  if (!(await isFolder(folder))) return [];
  const found = (await listFolder(folder)).flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.[1] ?? []);
  return found.map(Number).sort((a, b) => a - b);
}

/**
 * The checkpoint that `resume_from_checkpoint` means: the folder that it names, or with `true` the newest whole one of this run
 * in `output_dir`. Every file of it is checked against its manifest.
 * @throws {CheckpointError} when there is none, when it is damaged, or when it is another run's.
 */
export async function checkpointToResume(
  { resume_from_checkpoint: from, output_dir }: ResolvedRecipe,
  facts: () => Promise<RunFacts>,
): Promise<ResumableCheckpoint | undefined> {
  if (from === undefined || from === false) return undefined;
  return typeof from === "string" ? named(from, await facts()) : newest(output_dir, await facts());
}

async function named(folder: string, now: RunFacts): Promise<ResumableCheckpoint> {
  await listFolder(folder); // says what is there instead of a folder that is not
  const manifest = await verifyFolder(folder);
  if (typeof manifest === "string") {
    throw new CheckpointError(`${folder} is not a complete checkpoint: ${manifest}`, {
      where: "resume_from_checkpoint",
      expected: `a folder checkpoint-N with all the files that its ${MANIFEST} lists`,
      hint: "resume_from_checkpoint: true uses the newest complete checkpoint in output_dir.",
    });
  }
  const { refused, warned } = compared(manifest, now);
  if (refused.length > 0) throw anotherRun(folder, refused);
  return { folder, step: manifest.step, warnings: differenceWarnings(folder, manifest, warned) };
}

const NO_DIFFERENCES: Differences = { refused: [], warned: [] };

async function newest(output: string, now: RunFacts): Promise<ResumableCheckpoint> {
  const passedOver: string[] = [];
  const others: { readonly folder: string; readonly refused: readonly string[] }[] = [];
  let sameSteps:
    | { readonly folder: string; readonly manifest: Manifest; readonly warned: readonly string[] }
    | undefined;
  for (const step of (await checkpointSteps(output)).reverse()) {
    const folder = `${output}/checkpoint-${step}`;
    const recorded = await readManifest(folder);
    const { refused, warned } = typeof recorded === "string" ? NO_DIFFERENCES : compared(recorded, now);
    if (refused.length > 0) {
      others.push({ folder, refused }); // another run's: its files need not be read
      continue;
    }
    const manifest = await verifyFolder(folder);
    if (typeof manifest === "string") passedOver.push(`${folder} is incomplete and was skipped: ${manifest}.`);
    else if (warned.length === 0)
      return { folder, step, warnings: [...passedOver, ...differenceWarnings(folder, manifest, warned)] };
    else if (!sameSteps && (await ledToLog(output, folder))) sameSteps = { folder, manifest, warned: warned };
    else others.push({ folder, refused: warned });
  }
  if (sameSteps) {
    const { folder, manifest, warned } = sameSteps;
    return { folder, step: manifest.step, warnings: [...passedOver, ...differenceWarnings(folder, manifest, warned)] };
  }
  const [other] = others;
  if (other) throw anotherRun(other.folder, other.refused);
  throw new CheckpointError(`there is no checkpoint in ${output} to resume from`, {
    where: "resume_from_checkpoint",
    expected: `a folder checkpoint-N there, or the path of one${passedOver.map((line) => `\n  ${line}`).join("")}`,
    hint: "save_strategy: epoch writes one every epoch.",
  });
}

/** @returns every difference from the run of a checkpoint; a model's own folder, which has no run, differs in all. */
function compared({ run }: Manifest, now: RunFacts): Differences {
  if (run) return differences(run, now);
  return { refused: ["it is a trained model without optimizer state"], warned: [] };
}

/** Checkpoints of earlier runs in the same folder, begun under another recipe, led to another log. */
async function ledToLog(output: string, folder: string): Promise<boolean> {
  const path = `${output}/metrics.jsonl`;
  if (!(await exists(path))) return true;
  const lines = (await readText(path)).split("\n");
  const { log_history: history } = await readJsonObject(`${folder}/${STATE}`);
  if (!Array.isArray(history)) return false;
  if (history.length === 0) return lines.every((line) => line === "");
  return history.every((record, i) => JSON.stringify(record) === lines[i]);
}

function differenceWarnings(folder: string, { library }: Manifest, warned: readonly string[]): string[] {
  const warnings: string[] = [];
  if (warned.length > 0)
    warnings.push(`the run continues from ${folder} with different settings: ${warned.join("; ")}.`);
  if (library !== VERSION) warnings.push(`${folder} was written by lowrank ${library}; this is ${VERSION}.`);
  return warnings;
}

const anotherRun = (folder: string, refused: readonly string[]): CheckpointError =>
  new CheckpointError(`${folder} belongs to a different run:\n    ${refused.join("\n    ")}`, {
    where: "resume_from_checkpoint",
    expected: "a checkpoint of the same recipe, data, labels and base model",
    hint:
      "to start a new run from its weights, set adapter_name_or_path to it " +
      "(model_name_or_path after method full) and remove resume_from_checkpoint.",
  });

/**
 * The folders of a run's own checkpoints in `output`, up to a step, ascending: those that record the same recipe, data, labels
 * and base. Others are left alone.
 */
export async function ownCheckpoints(output: string, now: RunFacts, last: number): Promise<string[]> {
  const own: string[] = [];
  for (const step of await checkpointSteps(output)) {
    const folder = `${output}/checkpoint-${step}`;
    const manifest = step <= last && (await readManifest(folder));
    if (typeof manifest === "object" && compared(manifest, now).refused.length === 0) own.push(folder);
  }
  return own;
}
