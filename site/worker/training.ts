/** Runs: begun, held between two steps, stopped, and gone on with in a later visit. */
import { type EvalResults, type TrainEvent, type TrainResults, train } from "lowrank";
import type { Outcome, Picture, RunChoice, Unfinished } from "../protocol.ts";
import { filesIn, folderAt, PATHS, remove, store, textAt } from "./files.ts";
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

/** Trains as chosen. @param resume True when the run goes on from its newest checkpoint. */
export async function run(
  choice: RunChoice,
  resume: boolean,
  output: string,
  say: (event: TrainEvent) => void,
): Promise<Outcome> {
  if (!resume) await remove(output);
  const recipe = await recipeOf(choice, output);
  if (output === PATHS.run) {
    await store(PATHS.choice, JSON.stringify(choice));
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
  return { choice, results, ...(scores && { scores }), pictures: await picturesIn(output), heapBytes: heapBytes() };
}

async function picturesIn(folder: string): Promise<Picture[]> {
  const files = (await filesIn(folder)).filter(({ name }) => name.endsWith(".svg"));
  return Promise.all(files.map(async (file) => ({ name: file.name, svg: await file.text() })));
}

/** The run that was begun and not finished, if it has a checkpoint. */
export async function unfinished(): Promise<Unfinished | undefined> {
  const choice = await textAt(PATHS.choice);
  if (choice === undefined) return undefined;
  const names: string[] = [];
  for await (const name of (await folderAt(PATHS.run)).keys()) names.push(name);
  if (names.includes("train_results.json")) return undefined;
  const steps = names.flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  return steps.length > 0 ? { choice: JSON.parse(choice), step: Math.max(...steps) } : undefined;
}
