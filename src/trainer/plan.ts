import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { StepEvent, TrainResults } from "./events.ts";
import type { Job } from "./loop/job.ts";
import { startJob } from "./loop/start-job.ts";
import type { Plan } from "./reports.ts";
import { checkRun } from "./setup/checked.ts";
import { encodeSplit } from "./setup/data.ts";
import { countSteps, epochPlan, type Steps } from "./setup/schedule.ts";

/** Optimizer steps that are run to measure; the first opens the session and takes the longest batch. */
const MEASURED = 2;

/**
 * Says what a run would take. Everything is checked as the run itself would check it; two steps are run, with all that
 * the method ever trains; nothing is written. Memory is the peak of the calling process: plan in a fresh one.
 *
 * @throws {LowrankError} as the run would, when recipe, model or data are not usable.
 */
export async function planRecipe(recipe: Recipe): Promise<Plan> {
  const { job, model, data } = await checkRun(recipe);
  const settled = model.source.recipe;
  const { steps: events, results } = await measured(job);
  const lengths = encodeSplit(data.train, model).examples.map(({ ids }) => ids.length);
  const steps = countSteps(settled, lengths.length);
  const numTokens = countTokens(settled, lengths, steps);
  const whole = settled.method === "full" || settled.method === "head";
  return {
    model: settled.model_name_or_path,
    method: settled.method,
    device: "cpu",
    trainableParameters: results.trainableParameters,
    totalParameters: results.totalParameters,
    trainablePercent: results.trainablePercent,
    examples: lengths.length,
    steps: steps.total,
    numTokens,
    memoryBytes: results.memoryBytes,
    savedBytes: 4 * (whole ? results.totalParameters : results.trainableParameters),
    trainSeconds: secondsOf(events, numTokens),
  };
}

/** Runs the steps in a thread that writes nothing. */
async function measured(job: Job): Promise<{ steps: StepEvent[]; results: TrainResults }> {
  const { unfreeze_schedule: _, resume_from_checkpoint: __, ...rest } = job.recipe;
  const quiet = { eval_strategy: "no", save_strategy: "no", load_best_model_at_end: false, logging_steps: 1 } as const;
  const recipe: ResolvedRecipe = { ...rest, ...quiet, max_steps: MEASURED, group_by_length: true };
  const steps: StepEvent[] = [];
  let results: TrainResults | undefined;
  for await (const event of startJob({ ...job, recipe })) {
    if (event.kind === "step") steps.push(event);
    if (event.kind === "done") results = event.results;
  }
  if (!results) throw new RangeError("the run ended without a result");
  return { steps, results };
}

/** Real tokens of a whole run. */
function countTokens(recipe: ResolvedRecipe, lengths: readonly number[], { perEpoch, total }: Steps): number {
  const sum = (rows: readonly number[]): number => rows.reduce((tokens, row) => tokens + (lengths[row] as number), 0);
  const epochs = Math.floor(total / perEpoch);
  const begun = epochPlan(recipe, lengths, epochs).slice(0, total % perEpoch);
  return epochs * sum([...lengths.keys()]) + sum(begun.flat(2));
}

/** The first step, which opens the session, as it was; the rest at the speed of those after it. */
function secondsOf(steps: readonly StepEvent[], tokens: number): number {
  const [first, last] = [steps[0] as StepEvent, steps.at(-1) as StepEvent];
  const elapsed = ({ numTokens, tokensPerSecond }: StepEvent): number => numTokens / tokensPerSecond;
  const speed = (last.numTokens - first.numTokens) / (elapsed(last) - elapsed(first));
  return elapsed(first) + Math.max(0, tokens - first.numTokens) / speed;
}
