import { machine, rssBytes } from "#platform";
import { encodeSplit } from "../assemble/data.ts";
import { countParameters, stepGraph } from "../assemble/graphs.ts";
import { chooseDevice } from "../devices/choose.ts";
import type { RunHeader, StepEvent } from "../events/events.ts";
import type { Plan } from "../events/reports.ts";
import { savesWhole } from "../methods/index.ts";
import type { Job } from "../prepared/job.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { Recipe } from "../recipe/schema.ts";
import { checkJob } from "../training/checked.ts";
import { heapPlan } from "../training/memory/heap.ts";
import { plannedDeviceMemory, plannedMemory, totalBytes } from "../training/memory/planned-memory.ts";
import { optimizerOf } from "../training/optimizer.ts";
import { countSteps, epochPlan, type Steps } from "../training/schedule.ts";
import { startJob } from "../training/thread/start-job.ts";
import { type ModelOptions, openJob } from "./job-of.ts";
import type { Model } from "./model.ts";

/** Optimizer steps that are run to measure; the first opens the session and takes the longest batch. */
const MEASURED = 2;

/** Memory of the training thread with its copy of the library; measured with Node 20. */
const THREAD_BYTES = 40e6;

/** Options of a plan. */
export interface PlanOptions {
  /** Called before each part that may take long, with what it does. */
  readonly onProgress?: (doing: string) => void;
}

/**
 * Says what a run would take. Everything is checked as the run itself would check it; memory is predicted from graphs and
 * lengths, as the run will predict it; time is measured on two steps, with all that the method ever trains, unless they
 * would not fit into the machine's memory. Nothing is written.
 *
 * @throws {LowrankError} as the run would, when recipe, model or data are not usable.
 */
export function plan(recipe: Recipe, options?: PlanOptions): Promise<Plan>;
export function plan(model: Model, options: ModelOptions & PlanOptions): Promise<Plan>;
export async function plan(
  subject: Recipe | Model,
  { onProgress = () => {}, ...options }: Partial<ModelOptions> & PlanOptions = {},
): Promise<Plan> {
  const { job, release } = await openJob(subject, options);
  try {
    return await planned(job, onProgress);
  } finally {
    await release();
  }
}

/** @param reason Reason for the device of the job, where it was tried before. */
async function planned(unchecked: Job, onProgress: (message: string) => void, reason?: string): Promise<Plan> {
  onProgress("reading the model and the data");
  const { job, model: prepared, data } = await checkJob(unchecked);
  const settled = prepared.source.recipe;
  const choice = await chooseDevice(settled.device, prepared.graph);
  const model = { ...prepared, engine: choice.engine };
  onProgress("tokenizing the data");
  const { examples } = await encodeSplit(data.train, model, { onDemand: true });
  const baseBytes = rssBytes() + THREAD_BYTES;
  const validation = settled.eval_strategy === "end" ? undefined : data.validation;
  const validated = validation && (await encodeSplit(validation, model)).examples;
  onProgress("planning the memory");
  const { lengths } = examples;
  const steps = countSteps(settled, lengths);
  const numTokens = countTokens(settled, lengths, steps);
  const graph = stepGraph(model.source);
  const batchesOf = () => epochPlan(settled, lengths, 0).microBatches(0, steps.total);
  const batches = batchesOf();
  const work = {
    ...{
      model,
      graph,
      emitted: await model.engine.emit(graph),
      optimizer: optimizerOf(settled),
      baseBytes,
      examples,
      batches,
    },
    validation: validated,
  };
  const { byCategory: memoryBytes, heapBytes } = await plannedMemory(work);
  const deviceMemoryBytes = await plannedDeviceMemory({ ...work, batches: batchesOf() });
  examples.close();
  validated?.close();
  const peakRssBytes = totalBytes(memoryBytes);
  const { trainable, total } = countParameters(model.graph, model.base);
  const heap = heapPlan(heapBytes);
  const fits = heap ? heap.heapBytes <= heap.heapLimitBytes : peakRssBytes <= machine().memoryBytes;
  if (fits) onProgress(`measuring ${MEASURED} steps`);
  const timed = fits ? await measured(job) : undefined;
  const { device = model.engine.device, deviceReason = reason ?? choice.reason } = timed?.header ?? {};
  if (device !== model.engine.device) {
    return planned({ ...job, recipe: { ...job.recipe, device: "cpu" } }, onProgress, deviceReason);
  }
  return {
    model: settled.model_name_or_path,
    method: settled.method,
    device,
    ...(deviceReason !== undefined && { deviceReason }),
    trainableParameters: trainable,
    totalParameters: total,
    trainablePercent: (100 * trainable) / total,
    examples: lengths.length,
    ...(data.heldBack && { heldBack: data.heldBack }),
    steps: steps.total,
    numTokens,
    peakRssBytes,
    memoryBytes,
    ...heap,
    ...(deviceMemoryBytes && { deviceMemoryBytes }),
    savedBytes: 4 * (savesWhole(settled.method) ? total : trainable),
    ...(timed && { trainSeconds: secondsOf(timed.steps, numTokens) }),
  };
}

/** Steps of a run, and where it ran. */
interface MeasuredRun {
  readonly steps: readonly StepEvent[];
  readonly header: RunHeader | undefined;
}

/** Runs the steps in a thread that writes nothing. */
async function measured(job: Job): Promise<MeasuredRun> {
  const { unfreeze_schedule: _, resume_from_checkpoint: __, ...rest } = job.recipe;
  const quiet = { eval_strategy: "no", save_strategy: "no", load_best_model_at_end: false, logging_steps: 1 } as const;
  const recipe: ResolvedRecipe = { ...rest, ...quiet, max_steps: MEASURED, group_by_length: true };
  const steps: StepEvent[] = [];
  let header: RunHeader | undefined;
  for await (const event of startJob({ ...job, recipe })) {
    if (event.kind === "start") header = event.header;
    if (event.kind === "step") steps.push(event);
  }
  return { steps, header };
}

/** Real tokens of a whole run. */
function countTokens(recipe: ResolvedRecipe, lengths: ArrayLike<number>, steps: Steps): number {
  const { epoch, place } = steps.at(steps.total);
  let [all, begun] = [0, 0];
  for (let row = 0; row < lengths.length; row++) all += lengths[row] as number;
  for (const batch of epochPlan(recipe, lengths, epoch).microBatches(0, place)) {
    for (const row of batch) begun += lengths[row] as number;
  }
  return epoch * all + begun;
}

/** The first step, which opens the session, as it was; the rest at the speed of those after it. */
function secondsOf(steps: readonly StepEvent[], tokens: number): number {
  const [first, last] = [steps[0] as StepEvent, steps.at(-1) as StepEvent];
  const elapsed = ({ numTokens, tokensPerSecond }: StepEvent): number => numTokens / tokensPerSecond;
  const speed = (last.numTokens - first.numTokens) / (elapsed(last) - elapsed(first));
  return elapsed(first) + Math.max(0, tokens - first.numTokens) / speed;
}
