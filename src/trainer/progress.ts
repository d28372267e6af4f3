import { isObject, readJsonObject } from "../checkpoint/json.ts";
import { readSafetensors } from "../checkpoint/safetensors.ts";
import { CheckpointError } from "../errors.ts";
import type { StateTensor } from "../optim/optimizer.ts";
import { exists, listFolder } from "../platform/node.ts";
import { Random, type RandomState } from "../random.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { EvalResults } from "./events.ts";
import type { Run } from "./run.ts";
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

  /** Keeps a validation result if it is the best so far. Losses are best low, all else high. */
  noteEvaluation({ metric_for_best_model = "eval_loss" }: ResolvedRecipe, metrics: EvalResults): boolean {
    const name = metric_for_best_model.startsWith("eval_") ? metric_for_best_model : `eval_${metric_for_best_model}`;
    const value = metrics[name];
    if (typeof value !== "number") {
      const known = Object.keys(metrics).filter((key) => typeof metrics[key] === "number");
      throw new CheckpointError(`there is no metric ${name}`, {
        where: "metric_for_best_model",
        expected: known.join(", "),
      });
    }
    const better =
      this.best === undefined || (name.endsWith("loss") ? value < this.best.metric : value > this.best.metric);
    if (better) this.best = { metric: value };
    return better;
  }

  /** Puts the best state's parameters back. */
  async restoreBest({ weights, recipe }: Run): Promise<void> {
    if (this.best?.checkpoint === undefined) return;
    for (const [name, data] of await readSaved(this.best.checkpoint, recipe.method)) {
      (weights.get(name)?.data as Float32Array | undefined)?.set(data);
    }
  }
}

const STATE = "trainer_state.json";

/** Where a run begins: at zero, or where `resume_from_checkpoint` says. @throws {CheckpointError} when that holds no checkpoint. */
export async function startOf(recipe: ResolvedRecipe): Promise<Progress> {
  const progress = new Progress();
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
  progress.weights = await readSaved(folder, recipe.method);
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
  const last = (await checkpointSteps(output_dir)).at(-1);
  if (last !== undefined) return `${output_dir}/checkpoint-${last}`;
  throw new CheckpointError(`there is no checkpoint in ${output_dir} to resume from`, {
    where: "resume_from_checkpoint",
    expected: "a folder checkpoint-N there, or the path of one",
    hint: "save_strategy: epoch writes one an epoch.",
  });
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
