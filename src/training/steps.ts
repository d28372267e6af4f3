import { gradientOf, LOSS_SCALE } from "../autodiff/training-graph.ts";
import { longestIn, weightIn } from "../examples/examples.ts";
import type { Graph } from "../ir/graph.ts";
import { clip } from "../optim/clip.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { Weights } from "../prepared/prepared.ts";
import { Random } from "../random.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { RuntimeTensor, Session } from "../session/session.ts";
import type { Example } from "../tasks/definition.ts";
import { feedsOf } from "../tasks/feeds.ts";
import { taskOf } from "../tasks/index.ts";
import { weightsOf } from "../tasks/loss.ts";
import { passes, passTokens } from "../tasks/passes.ts";

/** The graph, session and settings of an optimizer step. */
export interface StepContext {
  readonly graph: Graph;
  readonly session: Session;
  readonly weights: Weights;
  readonly optimizer: Optimizer;
  readonly recipe: ResolvedRecipe;
  readonly padId: number;
  /** The generator of a micro-batch's dropout masks and noise, by its place among those of the step. */
  readonly masks: (microBatch: number) => Random;
  /** Multiplies the step's learning rate for a parameter. */
  readonly learningRateScale: (param: string) => number;
  /** Called once loss and gradients are found to be finite, before the weights change. */
  readonly beforeUpdate?: (loss: number) => void;
}

/** The part of a step's context that forward and backward passes need. */
export type PassContext = Pick<StepContext, "graph" | "session" | "weights" | "recipe" | "padId" | "masks">;

/** The loss and gradients of some micro-batches; those of a step add up to its own. */
export interface Accumulated {
  /** Gradients of the step's mean loss, by parameter. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
  /** Part of the mean over the step's trained tokens or examples, weighted by class weights, nats. */
  readonly loss: number;
  readonly realTokens: number;
}

/** Loss, norm and size of an optimizer step. */
export interface StepResult {
  /** Mean over the step's trained tokens or examples, weighted by class weights, nats. */
  readonly loss: number;
  /** Over all trainable parameters, before clipping. */
  readonly gradNorm: number;
  readonly realTokens: number;
}

/** The sum of what all processes accumulated; of one process, its own. */
export type Reduce = (own: Accumulated) => Promise<Accumulated>;

/**
 * One optimizer step over micro-batches: gradients of the mean loss over all of them, clipped, applied in place.
 * Loss or norm that is not finite is returned without touching the weights.
 * @param reduce Adds up what several processes accumulated.
 */
export async function optimizerStep(
  context: StepContext,
  microBatches: readonly (readonly Example[])[],
  learningRate: number,
  reduce: Reduce = async (own) => own,
): Promise<StepResult> {
  const classWeights = weightsOf(context.recipe);
  const weight = microBatches.flat().reduce((sum, example) => sum + weightIn(example, classWeights), 0);
  return apply(context, await reduce(await accumulate(context, microBatches, weight)), learningRate);
}

/**
 * The forward and backward passes of micro-batches, added up.
 * @param weight Trained tokens or examples of the whole step, over which its loss is a mean; with class weights the sum of theirs.
 */
export async function accumulate(
  { graph, session, weights, recipe, padId, masks }: PassContext,
  microBatches: readonly (readonly Example[])[],
  weight: number,
): Promise<Accumulated> {
  const divisor = weight || 1; // a step may have only classes of weight 0: its loss and gradients are 0
  const scale: RuntimeTensor = { dtype: "float32", shape: [], data: Float32Array.of(1 / divisor) };
  const names = trainedIn(graph);
  const gradients = new Map<string, Float32Array>();
  let [loss, realTokens] = [0, 0];
  const tokens = passTokens(
    names.reduce((n, name) => n + (weights.get(name)?.data.length ?? 0), 0),
    taskOf(recipe),
  );
  for (const [at, microBatch] of microBatches.entries()) {
    const random = masks(at);
    const seq = microBatch.reduce((longest, example) => Math.max(longest, longestIn(example)), 0);
    for (const examples of passes(microBatch, ({ ids }) => ids.length, tokens)) {
      const { tensors, batch } = feedsOf(graph, examples, padId, random, seq);
      const results = await session.run({ ...tensors, [LOSS_SCALE]: scale });
      loss += Number(results.loss?.data[0]) / divisor;
      realTokens += batch.realTokens;
      addTo(gradients, new Map(names.map((name) => [name, results[gradientOf(name)]?.data as Float32Array])));
    }
  }
  return { gradients, loss, realTokens };
}

/** Clips a step's gradients and changes the weights by them; unless loss or norm is not finite. */
function apply(context: StepContext, step: Accumulated, learningRate: number): StepResult {
  const { weights, optimizer, recipe } = context;
  const { gradients, loss, realTokens } = step;
  const gradNorm = clip([...gradients.values()], recipe.max_grad_norm || Infinity);
  if (Number.isFinite(loss) && Number.isFinite(gradNorm)) {
    context.beforeUpdate?.(loss);
    const params = [...gradients].map(([name, grad]) => {
      const { data, shape } = weights.get(name) as RuntimeTensor;
      const decays = shape.length > 1; // as transformers: neither biases nor norms
      const weightDecay = decays ? recipe.weight_decay : 0;
      return {
        name,
        data: data as Float32Array,
        grad,
        weightDecay,
        learningRateScale: context.learningRateScale(name),
      };
    });
    optimizer.step(params, learningRate);
    context.session.weightsChanged(gradients.keys());
  }
  return { loss, gradNorm, realTokens };
}

const trainedIn = (graph: Graph): string[] =>
  graph.params.map(({ origin }) => origin.name).filter((name) => graph.outputs.has(gradientOf(name)));

/** Rows that are tried one by one to find those whose loss is not finite. */
const TRIED = 64;

/** The examples whose own loss is not finite: a few where their texts are the cause, all where the weights are. */
export async function rowsNotFinite(context: StepContext, examples: readonly Example[]): Promise<Example[]> {
  const { graph, session, padId } = context;
  const scale: RuntimeTensor = { dtype: "float32", shape: [], data: Float32Array.of(1) };
  const found: Example[] = [];
  for (const example of examples.slice(0, TRIED)) {
    const { tensors } = feedsOf(graph, [example], padId, Random.seed(0));
    const { loss } = await session.run({ ...tensors, [LOSS_SCALE]: scale }, ["loss"]);
    if (!Number.isFinite(Number(loss?.data[0]))) found.push(example);
  }
  return found;
}

/**
 * Adds a pass's gradients to the step's, in place. Gradients that are one value of the graph, as those of two biases added to
 * the same sum, come as one array: each parameter gets its own, or what changes one would change the other too.
 */
function addTo(gradients: Map<string, Float32Array>, parts: ReadonlyMap<string, Float32Array>): void {
  const taken = new Set<Float32Array>();
  for (const [name, part] of parts) {
    const sum = gradients.get(name);
    if (sum) for (let i = 0; i < sum.length; i++) sum[i]! += part[i]!;
    else gradients.set(name, taken.has(part) ? part.slice() : part);
    taken.add(part);
  }
}
