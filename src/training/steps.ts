import { gradientOf, LOSS_SCALE } from "../autodiff/training-graph.ts";
import { labelsIn } from "../examples/examples.ts";
import type { Graph } from "../ir/graph.ts";
import { clip } from "../optim/clip.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { Weights } from "../prepared/prepared.ts";
import { Random } from "../random.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { RuntimeTensor, Session } from "../session/session.ts";
import type { Example } from "../tasks/definition.ts";
import { feedsOf } from "../tasks/feeds.ts";
import { passes, passTokens } from "../tasks/passes.ts";

/** What one optimizer step works with. */
export interface StepContext {
  readonly graph: Graph;
  readonly session: Session;
  readonly weights: Weights;
  readonly optimizer: Optimizer;
  readonly recipe: ResolvedRecipe;
  readonly padId: number;
  /** Draws dropout masks. */
  readonly random: Random;
  /** Multiplies the step's learning rate for a parameter. */
  readonly learningRateScale: (param: string) => number;
  /** Called once loss and gradients are found to be finite, before the weights change. */
  readonly beforeUpdate?: (loss: number) => void;
}

/** What one optimizer step found. */
export interface StepResult {
  /** Mean over the step's trained tokens or examples, nats. */
  readonly loss: number;
  /** Over all trainable parameters, before clipping. */
  readonly gradNorm: number;
  readonly realTokens: number;
}

/**
 * One optimizer step over micro-batches: gradients of the mean loss over all of them, clipped, applied in place.
 * Loss or norm that is not finite is returned without touching the weights.
 */
export async function optimizerStep(
  context: StepContext,
  microBatches: readonly (readonly Example[])[],
  learningRate: number,
): Promise<StepResult> {
  const { graph, session, weights, optimizer, recipe } = context;
  const trained = microBatches.flat().reduce((n, example) => n + labelsIn(example), 0);
  const scale: RuntimeTensor = { dtype: "float32", shape: [], data: Float32Array.of(1 / trained) };
  const names = graph.params.map(({ origin }) => origin.name).filter((name) => graph.outputs.has(gradientOf(name)));
  const gradients = new Map<string, Float32Array>();
  let [loss, realTokens] = [0, 0];
  const tokens = passTokens(names.reduce((n, name) => n + (weights.get(name)?.data.length ?? 0), 0));
  for (const examples of microBatches.flatMap((batch) => passes(batch, ({ ids }) => ids.length, tokens))) {
    const { tensors, batch } = feedsOf(graph, examples, context.padId, context.random);
    const results = await session.run({ ...tensors, [LOSS_SCALE]: scale });
    loss += Number(results.loss?.data[0]) / trained;
    realTokens += batch.realTokens;
    addTo(gradients, new Map(names.map((name) => [name, results[gradientOf(name)]?.data as Float32Array])));
  }
  const gradNorm = clip([...gradients.values()], recipe.max_grad_norm || Infinity);
  if (Number.isFinite(loss) && Number.isFinite(gradNorm)) {
    context.beforeUpdate?.(loss);
    const params = names.map((name) => {
      const { data, shape } = weights.get(name) as RuntimeTensor;
      const decays = shape.length > 1; // as transformers: neither biases nor norms
      return {
        name,
        data: data as Float32Array,
        grad: gradients.get(name) as Float32Array,
        weightDecay: decays ? recipe.weight_decay : 0,
        learningRateScale: context.learningRateScale(name),
      };
    });
    optimizer.step(params, learningRate);
  }
  return { loss, gradNorm, realTokens };
}

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
