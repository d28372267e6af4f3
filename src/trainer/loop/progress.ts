import { isObject, readJsonObject } from "../../checkpoint/json.ts";
import { readSafetensors } from "../../checkpoint/safetensors.ts";
import { CheckpointError, RecipeError } from "../../errors.ts";
import type { Graph } from "../../ir/graph.ts";
import type { StateTensor } from "../../optim/optimizer.ts";
import { exists, listFolder, readText } from "../../platform/node.ts";
import { Random, type RandomState } from "../../random.ts";
import type { ResolvedRecipe } from "../../recipe/resolve.ts";
import type { Method } from "../../recipe/task.ts";
import type { EvalResults } from "../events.ts";
import type { Prepared } from "../setup/prepared.ts";
import { fromStored } from "../setup/stored.ts";
import type { Weights } from "../setup/weights.ts";
import { TASK_DEFINITIONS } from "../task/index.ts";
import { readSaved } from "./saved.ts";

/** How far a run has come; what a checkpoint restores. */
export class Progress {
  /** Optimizer steps done. */
  step = 0;
  /** Real tokens trained on. */
  numTokens = 0;
  /** `log_history` of `trainer_state.json`. */
  readonly history: Record<string, unknown>[] = [];
  /** The best value of `metric_for_best_model`, and the checkpoint that holds its state. */
  best: { readonly metric: number; readonly checkpoint?: string } | undefined;
  /** Trained parameters to start from. */
  weights: ReadonlyMap<string, Float32Array> = new Map();
  optimizer: ReadonlyMap<string, StateTensor> = new Map();
  random: RandomState = Random.seed(0).state();
  /** The result that says which state is best. */
  readonly #metric: string;

  /** @throws {RecipeError} when no evaluation gives `metric_for_best_model`. */
  constructor(recipe: ResolvedRecipe) {
    this.#metric = bestMetric(recipe);
  }

  /** Keeps a validation result if it is the best so far. Losses and perplexities are best low, all else high. */
  noteEvaluation(metrics: EvalResults): boolean {
    const value = metrics[this.#metric] as number;
    const best = this.best?.metric;
    const better = best === undefined || (LOW_IS_GOOD.includes(this.#metric) ? value < best : value > best);
    if (better) this.best = { metric: value };
    return better;
  }

  /** Whether this step's state was evaluated before the run stopped. */
  get evaluated(): boolean {
    return this.history.some(({ event, step }) => event === "eval" && step === this.step);
  }

  /** Puts the best state's parameters back. */
  async restoreBest(weights: Weights, { params }: Graph, method: Method): Promise<void> {
    if (this.best?.checkpoint === undefined) return;
    const saved = await readSaved(this.best.checkpoint, method);
    for (const param of params) {
      const data = saved.get(param.origin.name);
      const held = weights.get(param.origin.name)?.data as Float32Array | undefined;
      if (data) held?.set(fromStored(param, data));
    }
  }
}

const LOW_IS_GOOD = ["eval_loss", "eval_perplexity"];

function bestMetric({ metric_for_best_model: given = "eval_loss", task_type }: ResolvedRecipe): string {
  const known = TASK_DEFINITIONS[task_type].metrics.filter((key) => key !== "eval_samples");
  const name = given.startsWith("eval_") ? given : `eval_${given}`;
  if (known.includes(name)) return name;
  throw new RecipeError(`no evaluation gives the metric ${given}`, {
    where: "metric_for_best_model",
    expected: `one of: ${known.join(", ")}`,
  });
}

/**
 * Checks that saved parameters are those that a graph trains.
 * @param where Where they come from, for messages.
 * @throws {CheckpointError} naming one that is missing, too many or of another size.
 */
export function checkSaved(graph: Graph, saved: ReadonlyMap<string, Float32Array>, where: string): void {
  const misfit = (what: string): CheckpointError =>
    new CheckpointError(`the saved parameters are not those that this recipe trains: ${what}`, {
      where,
      hint: "method, rank, targets and labels must be those that it was trained with.",
    });
  const shapes = new Map(graph.params.map(({ origin, shape }) => [origin.name, shape as readonly number[]]));
  for (const { origin } of graph.params) {
    if (origin.trainable && !saved.has(origin.name)) throw misfit(`${origin.name} is not among them.`);
  }
  for (const [name, { length }] of saved) {
    const shape = shapes.get(name);
    if (!shape) throw misfit(`the model has no ${name}.`);
    if (shape.reduce((n, dim) => n * dim, 1) !== length) {
      throw misfit(`${name} has ${length} elements, the model's is [${shape}].`);
    }
  }
}

const STATE = "trainer_state.json";

/**
 * Where a run begins: at zero, or where `resume_from_checkpoint` says.
 * @throws {CheckpointError} when that holds no checkpoint, or one of another model or method.
 */
export async function startOf({ source, graph }: Pick<Prepared, "source" | "graph">): Promise<Progress> {
  const { recipe } = source;
  const progress = new Progress(recipe);
  const folder = await checkpointToResume(recipe);
  if (folder === undefined) return progress;
  const state = await readJsonObject(`${folder}/${STATE}`);
  if (typeof state.global_step !== "number" || typeof state.num_tokens !== "number" || !isObject(state.random)) {
    throw new CheckpointError(`${folder}/${STATE} is not one that this library wrote`, {
      expected: "global_step, num_tokens and random",
    });
  }
  progress.step = state.global_step;
  progress.numTokens = state.num_tokens;
  if (Array.isArray(state.log_history)) progress.history.push(...(state.log_history as Record<string, unknown>[]));
  if (typeof state.best_metric === "number") {
    const checkpoint = state.best_model_checkpoint;
    progress.best = { metric: state.best_metric, ...(typeof checkpoint === "string" && { checkpoint }) };
  }
  progress.random = state.random as unknown as RandomState;
  const trains = new Set(graph.params.filter(({ origin }) => origin.trainable).map(({ origin }) => origin.name));
  const saved = await readSaved(folder, recipe.method);
  if (recipe.method === "head") for (const name of saved.keys()) if (!trains.has(name)) saved.delete(name); // the base beside it
  checkSaved(graph, saved, folder);
  progress.weights = saved;
  progress.optimizer = await readOptimizer(`${folder}/optimizer.safetensors`);
  return progress;
}

/** Step numbers of the checkpoints in a folder, ascending. */
export async function checkpointSteps(folder: string): Promise<number[]> {
  if (!(await exists(folder))) return [];
  const found = (await listFolder(folder)).flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.[1] ?? []);
  return found.map(Number).sort((a, b) => a - b);
}

async function checkpointToResume({
  resume_from_checkpoint: from,
  output_dir,
}: ResolvedRecipe): Promise<string | undefined> {
  if (from === undefined || from === false) return undefined;
  if (typeof from === "string") return from;
  const steps = await checkpointSteps(output_dir);
  const last = steps.at(-1);
  if (last === undefined) {
    throw new CheckpointError(`there is no checkpoint in ${output_dir} to resume from`, {
      where: "resume_from_checkpoint",
      expected: "a folder checkpoint-N there, or the path of one",
      hint: "save_strategy: epoch writes one an epoch.",
    });
  }
  const own = await lastOwnStep(output_dir, steps);
  if (own !== undefined) return `${output_dir}/checkpoint-${own}`;
  throw new CheckpointError(`the checkpoints in ${output_dir} are those of an earlier run than the last one there`, {
    where: "resume_from_checkpoint",
    expected: "a checkpoint that led to metrics.jsonl beside it",
    hint: `resume_from_checkpoint: ${output_dir}/checkpoint-${last} goes on from there all the same.`,
  });
}

/** The latest checkpoint that led to the log in `folder`; those of earlier runs in the same folder began otherwise. */
async function lastOwnStep(folder: string, steps: readonly number[]): Promise<number | undefined> {
  const path = `${folder}/metrics.jsonl`;
  if (!(await exists(path))) return steps.at(-1);
  const lines = (await readText(path)).split("\n");
  for (const step of [...steps].reverse()) {
    const { log_history: history } = await readJsonObject(`${folder}/checkpoint-${step}/${STATE}`);
    if (!Array.isArray(history) || history.every((record, i) => JSON.stringify(record) === lines[i])) return step;
  }
  return undefined;
}

async function readOptimizer(path: string): Promise<Map<string, StateTensor>> {
  const { tensors } = await readSafetensors(path);
  const state = new Map<string, StateTensor>();
  for (const [name, entry] of tensors) {
    const bytes = await entry.read();
    const floats = (): Float32Array => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    state.set(name, entry.dtype === "U8" ? bytes : floats());
  }
  return state;
}
