/** Runs: begun, held between two steps, stopped, and gone on with in a later visit. */
import { type EvalResults, type TrainEvent, type TrainResults, train } from "lowrank";
import type { Earlier, Outcome, Picture, RunChoice } from "../protocol.ts";
import { filesIn, folderAt, jsonAt, PATHS, remove, storeJson } from "./files.ts";
import { recipeOf } from "./recipe.ts";
import { heapBytes } from "./runtime.ts";

let running: AbortController | undefined;
let held: { readonly until: Promise<void>; readonly release: () => void } | undefined;

/** Holds the run before its next step. */
export function pause(): void {
  if (held) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  held = { until: promise, release: resolve };
}

/** Lets a held run go on. */
export function proceed(): void {
  held?.release();
  held = undefined;
}

/** Ends the run after the step at hand; a checkpoint is written. */
export function stop(): void {
  running?.abort();
  proceed();
}

/** Name of the lock that a run of any tab holds. */
const LOCK = "lowrank page: run";

/**
 * Trains as chosen.
 * @param resume True when the run goes on from its newest checkpoint.
 * @throws when another tab trains: its folder would be removed.
 */
export const run = (...given: Parameters<typeof trained>): Promise<Outcome> =>
  navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => {
    if (lock) return trained(...given);
    throw new Error("Another tab of this page is training. Wait for it, or close it.");
  });

async function trained(
  choice: RunChoice,
  resume: boolean,
  output: string,
  say: (event: TrainEvent) => void,
): Promise<Outcome> {
  const recipe = await recipeOf(choice, output);
  if (!resume) await remove(output);
  if (output === PATHS.run) {
    await storeJson(PATHS.choice, choice);
    await remove(PATHS.outcome);
    await remove(PATHS.before);
  }
  running = new AbortController();
  let scores: EvalResults | undefined;
  let results: TrainResults | undefined;
  const { signal } = running;
  for await (const event of train(resume ? { ...recipe, resume_from_checkpoint: true } : recipe, { signal })) {
    if (event.kind === "eval") scores = event.metrics;
    if (event.kind === "done") results = event.results;
    say(event);
    await held?.until;
  }
  if (!results) throw new Error("the run ended without results");
  const pictures = await picturesIn(output);
  const outcome = { choice, results, ...(scores && { scores }), pictures, heapBytes: heapBytes() };
  if (output === PATHS.run) await storeJson(PATHS.outcome, outcome);
  return outcome;
}

async function picturesIn(folder: string): Promise<Picture[]> {
  const files = (await filesIn(folder)).filter(({ name }) => name.endsWith(".svg"));
  return Promise.all(files.map(async (file) => ({ name: file.name, svg: await file.text() })));
}

/** The run that was begun and not finished, if it has a checkpoint. */
export async function unfinished(): Promise<Earlier["unfinished"]> {
  const choice = await jsonAt<RunChoice>(PATHS.choice);
  if (!choice || (await jsonAt(PATHS.outcome))) return undefined;
  const steps: number[] = [];
  for await (const name of (await folderAt(PATHS.run)).keys())
    steps.push(...(/^checkpoint-(\d+)$/.exec(name)?.slice(1) ?? []).map(Number));
  return steps.length > 0 ? { choice, step: Math.max(...steps) } : undefined;
}

/** Removes the run of {@link unfinished}. */
export async function discard(): Promise<void> {
  await remove(PATHS.choice);
  await remove(PATHS.run);
}
