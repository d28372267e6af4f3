import { stepGraph } from "../assemble/graphs.ts";
import type { DeviceChoice } from "../devices/choose.ts";
import { selfChecked } from "../devices/self-check.ts";
import type { Graph } from "../ir/graph.ts";
import type { Engine } from "../prepared/engine.ts";
import type { Weights } from "../prepared/prepared.ts";
import { Random } from "../random.ts";
import type { Example } from "../tasks/definition.ts";
import { taskOf } from "../tasks/index.ts";
import { epochPlan } from "./schedule.ts";
import { drawnFor, type Run } from "./state.ts";
import { accumulate } from "./steps.ts";

/** Tokens that the self-check computes, unless a single example has more: it takes a step on the CPU, whatever the batch size. */
const CHECKED_TOKENS = 512;

/** Standard deviation of trained parameters that start at zero, while gradients are checked. */
const CHECKED_STD = 0.02;

/** The part of a run that the self-check computes with. */
type CheckedRun = Pick<Run, "model" | "recipe" | "weights" | "steps" | "stages" | "examples" | "progress">;

/**
 * The device of a run, after gradients of the first micro-batch's shortest examples were computed there and on the CPU.
 * @throws {DeviceError} naming the parameter whose gradient is wrong, when the recipe names the device.
 */
export function checkedDevice(choice: DeviceChoice, run: CheckedRun): Promise<DeviceChoice> {
  const { model, stages, progress } = run;
  const stage = stages.findLast(({ step }) => step <= progress.step);
  const graph = stepGraph(model.source, stages.length > 1 ? stage?.trains : undefined);
  const weights = withoutZeros(graph, run.weights);
  const examples = firstExamples(run);
  return selfChecked(choice, (engine) => gradientsOn(engine, graph, weights, examples, run), "gradient");
}

async function gradientsOn(
  engine: Engine,
  graph: Graph,
  weights: Weights,
  examples: readonly Example[],
  { model, recipe }: CheckedRun,
): Promise<ReadonlyMap<string, Float32Array>> {
  const session = await engine.compile(graph, weights);
  try {
    const masks = (): Random => Random.seed(recipe.seed).stream("self-check");
    const context = { graph, session, weights, recipe, padId: model.tokenizer.padId, masks };
    const { gradients } = await accumulate(context, [examples], examples.length);
    return gradients;
  } finally {
    await session.close();
  }
}

/** The shortest examples of the run's next micro-batch, as a step sees them; all of them where a loss compares them. */
function firstExamples({ model, recipe, steps, examples, progress }: CheckedRun): readonly Example[] {
  const { epoch, place } = steps.at(Math.min(progress.step, steps.total - 1));
  const [batch = []] = epochPlan(recipe, examples.lengths, epoch).microBatches(place, place + 1);
  const byLength = batch.toSorted((a, b) => (examples.lengths[a] as number) - (examples.lengths[b] as number));
  const fits = (i: number): boolean => (i + 1) * (examples.lengths[byLength[i] as number] as number) <= CHECKED_TOKENS;
  const rows = taskOf(recipe).wholeBatches ? batch : byLength.filter((_, i) => i === 0 || fits(i));
  const random = Random.seed(recipe.seed).stream("self-check's examples");
  return drawnFor(model, rows.map((row) => examples.at(row)), random); // biome-ignore format: one call
}

/** Weights whose trained parameters are not all zero, as LoRA's B is at first: the gradient of A would be zero on any device. */
function withoutZeros(graph: Graph, weights: Weights): Weights {
  const changed: Weights = new Map(weights);
  for (const { origin } of graph.params) {
    const weight = weights.get(origin.name);
    if (!origin.trainable || !weight || weight.data.some((x) => Number(x) !== 0)) continue;
    const data = new Float32Array(weight.data.length);
    Random.seed(0).stream(origin.name).fillNormal(data, CHECKED_STD);
    changed.set(origin.name, { ...weight, data });
  }
  return changed;
}
