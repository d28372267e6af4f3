import { z } from "zod";
import { fileName, parentFolder } from "#platform";
import { CheckpointError, RecipeError } from "../errors.ts";
import type { EvalResults } from "../events/events.ts";
import { readJsonObject } from "../formats/json/json.ts";
import { readSafetensors } from "../formats/safetensors/safetensors.ts";
import type { Graph } from "../ir/graph.ts";
import { savesWhole } from "../methods/index.ts";
import { METHOD_RECIPES } from "../methods/keys/index.ts";
import { readTrained } from "../methods/open-adapter.ts";
import { evaluationsWithoutImprovement } from "../optim/early-stopping.ts";
import type { StateTensor } from "../optim/optimizer.ts";
import type { Prepared, Weights } from "../prepared/prepared.ts";
import { fromStored } from "../prepared/stored.ts";
import { Random, type RandomState } from "../random.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { taskOf } from "../tasks/index.ts";
import type { RunFacts } from "./checkpoints/facts.ts";
import { verifyFolder } from "./checkpoints/manifest.ts";
import { checkpointToResume, STATE } from "./checkpoints/resume.ts";

/** Progress of a run; a checkpoint restores it. */
export class Progress {
  /** Optimizer steps done. */
  step = 0;
  /** Real tokens trained on. */
  numTokens = 0;
  /** `log_history` of `trainer_state.json`. */
  readonly history: Record<string, unknown>[] = [];
  /** The best value of `metric_for_best_model`, and the folder of the checkpoint that holds its state. */
  best: { readonly metric: number; readonly checkpoint?: string } | undefined;
  /** Trained parameters to start from. */
  weights: ReadonlyMap<string, Float32Array> = new Map();
  optimizer: ReadonlyMap<string, StateTensor> = new Map();
  random: RandomState = Random.seed(0).state();
  /** The result that says which state is best, and when to stop early. */
  readonly #metric: string;
  readonly #lowerIsBetter: boolean;
  /** Values of that result in the evaluations since the run began or went on. */
  readonly #evaluations: number[] = [];
  /** True when the run ends here; unset after an evaluation until it is asked for. */
  #stopsEarly: boolean | undefined;

  /** @throws {RecipeError} when no evaluation gives `metric_for_best_model`. */
  constructor(recipe: ResolvedRecipe) {
    this.#metric = bestMetric(recipe);
    this.#lowerIsBetter = taskOf(recipe).lowerIsBetter.includes(this.#metric);
  }

  /** Keeps a validation result if it is the best so far. The task says which are best low; all else is best high. */
  noteEvaluation(metrics: EvalResults): boolean {
    const value = metrics[this.#metric] as number;
    this.#evaluations.push(value);
    this.#stopsEarly = undefined;
    const best = this.best?.metric;
    const better = best === undefined || (this.#lowerIsBetter ? value < best : value > best);
    if (better) this.best = { metric: value };
    return better;
  }

  /**
   * True when training ends here because the last `early_stopping_patience` evaluations did not improve the metric. The log of
   * the checkpoint says what those before it found, so that a resumed run ends where one that never stopped would.
   */
  stopsEarly(recipe: ResolvedRecipe): boolean {
    this.#stopsEarly ??= this.#lacksImprovement(recipe);
    return this.#stopsEarly;
  }

  #lacksImprovement({
    early_stopping_patience: patience,
    early_stopping_threshold: threshold,
  }: ResolvedRecipe): boolean {
    if (patience === undefined) return false;
    const earlier = this.history.flatMap((record) => (record.event === "eval" ? Number(record[this.#metric]) : []));
    const options = { lowerIsBetter: this.#lowerIsBetter, threshold };
    return evaluationsWithoutImprovement([...earlier, ...this.#evaluations], options) >= patience;
  }

  /** True when this step's state was evaluated before the run stopped. */
  get evaluated(): boolean {
    return this.history.some(({ event, step }) => event === "eval" && step === this.step);
  }

  /**
   * Finds the best checkpoint beside the one that a run goes on from, wherever that folder lies now.
   * @returns why it cannot be used, when it cannot: then the best is chosen among the evaluations to come.
   */
  async restoreBestOf(resumed: string, metric: number, stored: string | undefined): Promise<string | undefined> {
    if (stored === undefined) {
      this.best = { metric };
      return undefined;
    }
    const checkpoint = `${parentFolder(resumed)}/${fileName(stored)}`;
    const manifest = await verifyFolder(checkpoint);
    if (typeof manifest !== "string") {
      this.best = { metric, checkpoint };
      return undefined;
    }
    return (
      `the best state so far is unusable: ${checkpoint}: ${manifest}. ` +
      "The best of the remaining evaluations is kept instead or, if there are none, the last state."
    );
  }

  /**
   * Puts the best state's parameters back.
   * @throws {CheckpointError | FileError} when its checkpoint is no longer whole; the weights are as they were then.
   */
  async restoreBest(weights: Weights, { params }: Graph, recipe: ResolvedRecipe): Promise<void> {
    if (this.best?.checkpoint === undefined) return;
    const { checkpoint } = this.best;
    const manifest = await verifyFolder(checkpoint);
    if (typeof manifest === "string") throw new CheckpointError(`${checkpoint} is no longer whole: ${manifest}`);
    const saved = await readTrained(checkpoint, recipe);
    for (const param of params) {
      const data = saved.get(param.origin.name);
      const held = weights.get(param.origin.name)?.data as Float32Array | undefined;
      if (data) held?.set(fromStored(param, data));
    }
  }
}

function bestMetric(recipe: ResolvedRecipe): string {
  const { metric_for_best_model: given = "eval_loss" } = recipe;
  const known = taskOf(recipe).metrics.filter((key) => key !== "eval_samples");
  const name = given.startsWith("eval_") ? given : `eval_${given}`;
  if (known.includes(name)) return name;
  throw new RecipeError(`no evaluation computes the metric ${given}`, {
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
    new CheckpointError(`the saved parameters do not match this recipe: ${what}`, {
      where,
      hint: "method, rank, targets and labels must be those of the original run.",
    });
  const shapes = new Map(graph.params.map(({ origin, shape }) => [origin.name, shape as readonly number[]]));
  for (const { origin } of graph.params) {
    if (origin.trainable && !saved.has(origin.name)) throw misfit(`${origin.name} is missing.`);
  }
  for (const [name, { length }] of saved) {
    const shape = shapes.get(name);
    if (!shape) throw misfit(`the model has no ${name}.`);
    if (shape.reduce((n, dim) => n * dim, 1) !== length) {
      throw misfit(`${name} has ${length} elements, but the model's has shape [${shape}].`);
    }
  }
}

/** The state file of a checkpoint: how far the run had come, and its random generator. */
const state = z.looseObject({
  global_step: z.int().min(0),
  num_tokens: z.int().min(0),
  log_history: z.array(z.record(z.string(), z.unknown())),
  best_metric: z.number().nullish(),
  best_model_checkpoint: z.string().nullish(),
  random: z.looseObject({}),
});

/** The starting point of a run, and the messages about it. */
export interface Start {
  readonly progress: Progress;
  readonly warnings: readonly string[];
}

/**
 * Starting point of a run: zero, or the checkpoint of `resume_from_checkpoint`.
 * @throws {CheckpointError} when that holds no whole checkpoint, or one of another run.
 */
export async function startOf(
  { source, graph }: Pick<Prepared, "source" | "graph">,
  facts: () => Promise<RunFacts>,
): Promise<Start> {
  const { recipe } = source;
  const progress = new Progress(recipe);
  const found = await checkpointToResume(recipe, facts);
  if (!found) return { progress, warnings: [] };
  const { folder, step } = found;
  const path = `${folder}/${STATE}`;
  const stored = state.safeParse(await readJsonObject(path));
  if (!stored.success || stored.data.global_step !== step) {
    throw new CheckpointError(`${path} was not written by lowrank`, {
      expected: `global_step ${step}, num_tokens, log_history and random`,
    });
  }
  const { num_tokens, log_history, best_metric, best_model_checkpoint, random } = stored.data;
  progress.step = step;
  progress.numTokens = num_tokens;
  progress.history.push(...log_history);
  progress.random = random as unknown as RandomState;
  const trains = new Set(graph.params.filter(({ origin }) => origin.trainable).map(({ origin }) => origin.name));
  const saved = await readTrained(folder, recipe);
  const { method } = recipe;
  const holdsBase = savesWhole(method) && !METHOD_RECIPES[method].trainsBase;
  if (holdsBase) for (const name of saved.keys()) if (!trains.has(name)) saved.delete(name); // the base beside it
  checkSaved(graph, saved, folder);
  progress.weights = saved;
  progress.optimizer = await readOptimizer(`${folder}/optimizer.safetensors`);
  const warnings = [...found.warnings, `resumed at step ${step}, from ${folder}.`];
  if (typeof best_metric === "number") {
    const gone = await progress.restoreBestOf(folder, best_metric, best_model_checkpoint ?? undefined);
    if (gone !== undefined && recipe.load_best_model_at_end) warnings.push(gone);
  }
  return { progress, warnings };
}

async function readOptimizer(path: string): Promise<Map<string, StateTensor>> {
  const { tensors } = await readSafetensors(path);
  const state = new Map<string, StateTensor>();
  for (const [name, entry] of tensors) {
    if (entry.dtype !== "U8" && entry.dtype !== "F32") {
      throw new CheckpointError(`the optimizer's state is stored as ${entry.dtype}`, {
        where: `${path}, ${name}`,
        expected: "F32 or U8",
      });
    }
    const bytes = await entry.read();
    state.set(name, entry.dtype === "U8" ? bytes : new Float32Array(bytes.buffer));
  }
  return state;
}
